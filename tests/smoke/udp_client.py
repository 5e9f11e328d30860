#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks over UDP and prints the answer: udp_client.py LOCAL-ADDRESS SERVER PORT [LOCAL-PORT]"""

import socket
import sys


def main(local, server, port, local_port="0"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((local, int(local_port)))
        udp.connect((server, int(port)))
        udp.settimeout(5)
        udp.send(b"who am I?")
        print(udp.recv(2048).decode(), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
