#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends a text of BYTES bytes to ADDRESS PORT, and fails unless it comes back."""

import socket
import sys

address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sent = bytes(i % 251 for i in range(count))
with socket.create_connection((address, port), timeout=10) as connection:
    connection.settimeout(20)
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)
    came = b""
    while data := connection.recv(65536):
        came += data
sys.exit(0 if came == sent else f"{len(came)} of {count} bytes came back")
