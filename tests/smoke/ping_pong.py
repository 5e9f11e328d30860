#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks over UDP, one question after the other answer, until a file is there; counts what is lost.

ping_pong.py LOCAL-ADDRESS SERVER PORT STOP-FILE
"""

import os
import socket
import sys


def main(local, server, port, stop):
    sent = lost = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((local, 0))
        udp.connect((server, int(port)))
        udp.settimeout(5)
        while not os.path.exists(stop):
            question = b"question %d" % sent
            udp.send(b"who am I?" + question)
            sent += 1
            try:
                while not udp.recv(65535).endswith(question):
                    pass
            except TimeoutError:
                lost += 1
    print(f"{sent} sent, {lost} lost")
    sys.exit(lost != 0 or sent == 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
