# Receives or sends frames by python-can: measure.py receive|send <interface> <frames>. Prints as the programs beside it do.
import json
import os
import socket
import sys
import time

import can

verb, interface, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
bus = can.Bus(interface="socketcan", channel=interface)
if verb == "receive":
    bus.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
    print("ready", flush=True)
    bus.recv()
    before = os.times()
    for _ in range(count - 1):
        bus.recv()
    after = os.times()
    cpu = after.user + after.system - before.user - before.system
    print(json.dumps({"frames": count, "droppedFrames": 0, "cpuUs": cpu * 1e6}))
else:
    message = can.Message(arbitration_id=0x100, is_extended_id=False, data=bytes(8))
    begin = time.monotonic()
    for _ in range(count):
        bus.send(message)
    print(json.dumps({"frames": count, "ms": (time.monotonic() - begin) * 1000}))
bus.shutdown()
