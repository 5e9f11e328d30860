#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks and answers over other protocols than TCP and UDP.

    any_protocol.py has KIND                  exits with 0 when this kernel has the protocol
    any_protocol.py serve KIND ADDRESS        tells each client how it is seen; says "listening"
    any_protocol.py ask KIND LOCAL SERVER     prints the answer

KIND is udplite, sctp or the number of a protocol without ports.
"""

import socket
import sys

UDPLITE, SCTP = 136, 132
PORT, LOCAL_PORT = 5000, 4000
UDPLITE_SEND_CSCOV, COVERED = 10, 12


def open_socket(kind):
    if kind == "udplite":
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, UDPLITE)
        sock.setsockopt(UDPLITE, UDPLITE_SEND_CSCOV, COVERED)
    elif kind == "sctp":
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, SCTP)
    else:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, int(kind))
    sock.settimeout(5)
    return sock


def has(kind):
    try:
        open_socket(kind).close()
    except OSError as error:
        sys.exit(str(error))


def seen(kind, client):
    return "{}:{}\n".format(*client) if kind in ("udplite", "sctp") else client[0] + "\n"


def serve(kind, address):
    with open_socket(kind) as sock:
        sock.settimeout(None)
        sock.bind((address, PORT if kind in ("udplite", "sctp") else 0))
        if kind == "sctp":
            sock.listen()
        print("listening", flush=True)
        while True:
            if kind == "sctp":
                stream, client = sock.accept()
                with stream:
                    stream.recv(2048)
                    stream.send(seen(kind, client).encode())
            else:
                _, client = sock.recvfrom(2048)
                sock.sendto(seen(kind, client).encode(), client)


def ask(kind, local, server):
    with open_socket(kind) as sock:
        sock.bind((local, LOCAL_PORT if kind in ("udplite", "sctp") else 0))
        sock.connect((server, PORT if kind in ("udplite", "sctp") else 0))
        sock.send(b"who am I, and this is long enough to be covered in part only?")
        answer = sock.recv(2048)
        if kind not in ("udplite", "sctp"):
            answer = answer[20:]  # a raw socket sees the IP header too
        print(answer.decode(), end="")


if __name__ == "__main__":
    {"has": has, "serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
