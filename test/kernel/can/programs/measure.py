# Receives or sends frames by python-can: measure.py receive|send <interface> <frames>. Prints as receive.mjs and send.mjs do.
import json
import sys
import time

import can

verb, interface, frames = sys.argv[1], sys.argv[2], int(sys.argv[3])
bus = can.Bus(interface="socketcan", channel=interface)


def send_all():
    for _ in range(frames):
        bus.send(message)


if verb == "receive":
    print("ready", flush=True)
    count = 0
    while True:
        bus.recv()
        count += 1
        if count % frames == 0:
            print(count, 0, flush=True)
else:
    message = can.Message(arbitration_id=0x100, is_extended_id=False, data=bytes(8))
    send_all()
    begin = time.monotonic()
    send_all()
    print(json.dumps({"ms": (time.monotonic() - begin) * 1000}))
    bus.shutdown()
