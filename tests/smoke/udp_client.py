#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks over UDP and prints the answer: udp_client.py LOCAL-ADDRESS SERVER PORT [LOCAL-PORT [BYTES]]

With BYTES so many more are sent, and must come back behind the answer's line.
"""

import os
import socket
import sys


def main(local, server, port, local_port="0", extra="0"):
    content = os.urandom(int(extra))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((local, int(local_port)))
        udp.connect((server, int(port)))
        udp.settimeout(5)
        udp.send(b"who am I?" + content)
        seen, _, rest = udp.recv(65535).partition(b"\n")
        print(seen.decode())
        if rest != content:
            sys.exit(f"{len(rest)} bytes came back of {len(content)}, or others")


if __name__ == "__main__":
    main(*sys.argv[1:])
