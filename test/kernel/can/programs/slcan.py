# A CAN adapter on a serial line that the kernel's slcan driver takes for real. Prints the name of its interface; each line of the
# standard input is what the adapter says next.
import fcntl
import os
import struct
import subprocess
import sys
import threading
import tty

N_SLCAN = 17
TIOCSETD = 0x5423
SIOCGIFNAME = 0x8910


def drain(master):
    """What the kernel sends must be read, or it waits."""
    while True:
        try:
            if not os.read(master, 4096):
                return
        except OSError:
            return


master, slave = os.openpty()
tty.setraw(slave)
fcntl.ioctl(slave, TIOCSETD, struct.pack("i", N_SLCAN))
name = fcntl.ioctl(slave, SIOCGIFNAME, bytes(32)).split(b"\0")[0].decode()
threading.Thread(target=drain, args=(master,), daemon=True).start()
subprocess.run(["ip", "link", "set", name, "up"], check=True)
print(name, flush=True)
for line in sys.stdin:
    os.write(master, line.strip().encode() + b"\r")
