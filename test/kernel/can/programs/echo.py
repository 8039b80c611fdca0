# Prints what python-can makes of each frame, and sends it back: echo.py <interface> <frames>
import sys

import can

interface, count = sys.argv[1], int(sys.argv[2])
bus = can.Bus(interface="socketcan", channel=interface, fd=True)
print("ready", flush=True)
for _ in range(count):
    message = bus.recv(timeout=60)
    if message is None:
        sys.exit("no frame came")
    flags = [message.is_extended_id, message.is_remote_frame, message.is_error_frame, message.is_fd]
    text = "".join(str(int(flag)) for flag in [*flags, message.bitrate_switch])
    print(message.arbitration_id, text, message.dlc, bytes(message.data).hex(), flush=True)
    bus.send(
        can.Message(
            arbitration_id=message.arbitration_id,
            is_extended_id=message.is_extended_id,
            is_remote_frame=message.is_remote_frame,
            is_error_frame=message.is_error_frame,
            is_fd=message.is_fd,
            bitrate_switch=message.bitrate_switch,
            dlc=message.dlc,
            data=message.data,
            check=False,
        )
    )
bus.shutdown()
