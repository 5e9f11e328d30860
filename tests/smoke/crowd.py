#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connects so often to ADDRESS PORT, says nothing, and stays until it is ended."""

import signal
import socket
import sys

address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
crowd = [socket.create_connection((address, port)) for _ in range(count)]
print("connected", len(crowd), flush=True)
signal.pause()
