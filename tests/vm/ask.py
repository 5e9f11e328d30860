# SPDX-License-Identifier: BSD-3-Clause
"""Many flows of UDP: ask.py LOCAL SERVER COUNT sends a datagram to port 53 from each of so many
ports, and prints how many were answered. What is lost on the way is asked again twice."""
import select
import socket
import sys
import time

local, server, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
sockets = []
for port in range(42000, 42000 + count):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((local, port))
    udp.connect((server, 53))
    sockets.append(udp)
waiting = set(sockets)
for _ in range(3):
    for udp in waiting:
        udp.send(b"who am I?")
    deadline = time.monotonic() + 5
    while waiting and time.monotonic() < deadline:
        for udp in select.select(list(waiting), [], [], 0.2)[0]:
            udp.recv(65535)
            waiting.discard(udp)
print(count - len(waiting))
