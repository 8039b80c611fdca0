"""Prints each request that is sent to rtnetlink on this machine, in hexadecimal, as the device nlmon0 sees it.

Prints "ready" first, and ends when its standard input does.
"""

import select
import socket
import sys

ETH_P_ALL = 3
RTM_NEWLINK = 16
NLM_F_REQUEST = 1

capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
capture.bind(("nlmon0", 0))
print("ready", flush=True)
while True:
    readable, _, _ = select.select([capture, sys.stdin], [], [])
    if sys.stdin in readable and not sys.stdin.readline():
        break
    if capture in readable:
        message = capture.recv(65536)
        kind = int.from_bytes(message[4:6], sys.byteorder)
        flags = int.from_bytes(message[6:8], sys.byteorder)
        if kind == RTM_NEWLINK and flags & NLM_F_REQUEST:
            print(message.hex(), flush=True)
