#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A stream of a thousand questions a second by UDP: the longest time without an answer.

stream_gap.py LOCAL-ADDRESS SERVER PORT STOP-FILE

Says "answered" at the first answer, and when the file is there the gap in milliseconds, on a line
of its own.
"""

import os
import socket
import sys
import threading
import time

PERIOD = 0.001


def ask(udp, stop):
    due = time.monotonic()
    while not os.path.exists(stop):
        try:
            udp.send(b"who am I?")
        except (ConnectionRefusedError, TimeoutError):
            pass  # an ICMP error of before; or all that may wait for ARP waits
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))


def main(local, server, port, stop):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((local, 0))
        udp.connect((server, int(port)))
        udp.settimeout(0.05)
        asker = threading.Thread(target=ask, args=(udp, stop))
        asker.start()
        last = None
        longest = 0.0
        while asker.is_alive():
            try:
                udp.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                continue
            now = time.monotonic()
            if last is None:
                print("answered", flush=True)
            else:
                longest = max(longest, now - last)
            last = now
        if last is None:
            sys.exit("nothing was ever answered")
        print(round(longest * 1000), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
