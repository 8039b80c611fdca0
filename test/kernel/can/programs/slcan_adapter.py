"""Plays a serial CAN adapter (slcan) on a pseudo-terminal: what comes on the standard input goes to the kernel, line by line.

Prints the name of the interface that the kernel makes of it. What the kernel tells the adapter is read and forgotten.
"""

import fcntl
import os
import pty
import struct
import sys
import threading
import tty

TIOCSETD = 0x5423
SIOCGIFNAME = 0x8910
N_SLCAN = 17

adapter, terminal = pty.openpty()
tty.setraw(terminal)


def forget():
    while os.read(adapter, 4096):
        pass


threading.Thread(target=forget, daemon=True).start()
fcntl.ioctl(terminal, TIOCSETD, struct.pack("i", N_SLCAN))
name = fcntl.ioctl(terminal, SIOCGIFNAME, b"\0" * 32)
print(name.split(b"\0")[0].decode(), flush=True)
for line in sys.stdin:
    os.write(adapter, line.strip().encode() + b"\r")
