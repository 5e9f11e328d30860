# SPDX-License-Identifier: BSD-3-Clause
"""Speaks to the emulated machine.

    guest.py shell SOCKET SECONDS SCRIPT   runs it in the guest, prints and ends as it does
    guest.py monitor SOCKET COMMAND        tells QEMU something, as set_link n0 off
"""
import base64
import os
import socket
import sys
import time


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def shell(path, seconds, script):
    number = f"{os.getpid()}{time.monotonic_ns()}"
    words = base64.b64encode(script.encode()).decode()
    deadline = time.monotonic() + float(seconds)
    connection = connect(path)
    line = f"{number} {len(words)} {words}\n".encode()
    connection.sendall(line)
    mark, text = f"end {number} ".encode(), b""
    while b"\n" not in text.partition(mark)[2]:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            some = connection.recv(65536)
        except TimeoutError:
            some = b""
        if not some:
            sys.exit(f"no answer of the guest: {text.decode(errors='replace')}")
        text += some
        if text == b"again\n":  # it has not come whole
            connection.sendall(line)
            text = b""
    said, _, rest = text.partition(mark)
    sys.stdout.write(said.decode(errors="replace"))
    sys.exit(int(rest.split(b"\n")[0]))


def monitor(path, command):
    connection = connect(path)
    prompt = b"(qemu) "
    connection.settimeout(20)
    text = b""
    while prompt not in text:
        text += connection.recv(4096)
    connection.sendall(command.encode() + b"\n")
    text = b""
    while not text.endswith(prompt):
        text += connection.recv(4096)


{"shell": shell, "monitor": monitor}[sys.argv[1]](*sys.argv[2:])
