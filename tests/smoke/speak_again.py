#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connections that are silent until they are told to speak.

speak_again.py COUNT SERVER PORT

Opens TCP connections to an echo, and says "open". At each SIGUSR1 it sends a line by each and waits
for it to come back; then it says "spoke" and how often it has by then. A connection that is reset,
or silent for 20 s, ends it.
"""

import signal
import socket
import sys


def main(count, server, port):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    connections = [socket.create_connection((server, int(port)), timeout=20)
                   for _ in range(int(count))]
    print("open", flush=True)
    times = 0
    while True:
        signal.sigwait({signal.SIGUSR1})
        times += 1
        for number, connection in enumerate(connections):
            line = f"connection {number}, time {times}\n".encode()
            connection.sendall(line)
            heard = b""
            while len(heard) < len(line):
                part = connection.recv(65536)
                if not part:
                    sys.exit(f"connection {number} was closed")
                heard += part
            if heard != line:
                sys.exit(f"connection {number} heard {heard!r}")
        print(f"spoke {times}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
