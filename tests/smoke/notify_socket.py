# SPDX-License-Identifier: BSD-3-Clause
"""A service manager's socket: notify_socket.py PATH prints what is sent to it, a line each."""
import socket
import sys

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
while True:
    print(receiver.recv(4096).decode(), flush=True)
