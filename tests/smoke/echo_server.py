#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""TCP echo on a port of all addresses: echo_server.py PORT. Says "listening" when it does."""

import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


with Server(("", int(sys.argv[1])), Echo) as server:
    print("listening", flush=True)
    server.serve_forever()
