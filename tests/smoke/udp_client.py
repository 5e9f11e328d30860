#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks over UDP and prints the answer: udp_client.py LOCAL-ADDRESS SERVER PORT [LOCAL-PORT [BYTES]]

The addresses are of IPv4, or of IPv6 both; a local one that is empty is the kernel's choice. With
BYTES so many more are sent, and must come back behind the answer's line.
"""

import os
import socket
import sys


def main(local, server, port, local_port="0", extra="0"):
    content = os.urandom(int(extra))
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
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
