#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""tcp_collector.py PORT: takes one connection on the loopback, reads it to its end, and says so."""

import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connection, _ = listener.accept()
while connection.recv(65536):
    pass
print("closed", flush=True)
