#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The server outside: server.py DIRECTORY [ADDRESS]

HTTP on port 80, and UDP on port 53 of the address. Both answer with the address and port that they
see the client at; HTTP also serves the files of DIRECTORY, and answers what is posted with its
SHA-256; UDP gives back what it is sent beyond a question's size. Says "listening" when both do.
"""

import hashlib
import http.server
import os
import socketserver
import sys
import threading


QUESTION_BYTES = len("who am I?")


class Web(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != "/whoami":
            super().do_GET()
            return
        self.answer("{}:{}".format(*self.client_address))

    def do_POST(self):
        posted = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(hashlib.sha256(posted).hexdigest())

    def answer(self, line):
        body = f"{line}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "{}:{}".format(*self.client_address)


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        datagram, socket = self.request
        seen = "{}:{}\n".format(*self.client_address).encode()
        socket.sendto(seen + datagram[QUESTION_BYTES:], self.client_address)


class EchoServer(socketserver.UDPServer):
    max_packet_size = 65535


class WebServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main():
    os.chdir(sys.argv[1])
    web = WebServer(("", 80), Web)
    # Bound to the address, for an answer must come from where it was asked: this host has several.
    address = sys.argv[2] if len(sys.argv) > 2 else "203.0.113.10"
    echo = EchoServer((address, 53), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    print("listening", flush=True)
    web.serve_forever()


if __name__ == "__main__":
    main()
