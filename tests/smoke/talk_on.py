#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connections that say something every 100 ms, each, to an echo.

talk_on.py COUNT SERVER PORT STOP-FILE [SOURCE...]

Connections are from these addresses in turn, if there are some.

Says "all" each time that all have heard something since it said so last. Ends when the file is
there and all that was said has come back; then it says for how many milliseconds a connection was
silent at the longest, on a line of its own. A connection that is reset, or hears something else
than it has said, or whose last words do not come back within 20 s, ends it.
"""

import os
import selectors
import socket
import struct
import sys
import time

PERIOD = 0.1
PATIENCE = 20.0
WORD = struct.Struct(">Q")


class Connection:
    def __init__(self, number, address, sources):
        self.number = number
        source = (sources[number % len(sources)], 0) if sources else None
        self.socket = socket.create_connection(address, PATIENCE, source)
        self.socket.setblocking(False)
        self.said = 0
        self.heard = 0
        self.part = b""
        self.heard_at = time.monotonic()
        self.silence = 0.0

    def say(self):
        try:
            self.socket.send(WORD.pack(self.said))  # 8 bytes: all of them or none
        except BlockingIOError:
            return
        self.said += 1

    def hear(self):
        new = self.socket.recv(65536)
        if not new:
            sys.exit(f"connection {self.number} was closed")
        now = time.monotonic()
        self.silence = max(self.silence, now - self.heard_at)
        self.heard_at = now
        self.part += new
        whole = len(self.part) // WORD.size * WORD.size
        for (word,) in WORD.iter_unpack(self.part[:whole]):
            if word != self.heard:
                sys.exit(f"connection {self.number} heard {word} in the place of {self.heard}")
            self.heard += 1
        self.part = self.part[whole:]


def hear_until(selector, moment):
    while (left := moment - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            key.data.hear()


def main(count, server, port, stop, *sources):
    connections = [Connection(number, (server, int(port)), sources) for number in range(int(count))]
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.heard_at = time.monotonic()
    due = time.monotonic()
    marks = [0] * len(connections)
    while not os.path.exists(stop):
        for connection in connections:
            connection.say()
        due = max(due + PERIOD, time.monotonic())
        hear_until(selector, due)
        if all(connection.heard > mark for connection, mark in zip(connections, marks)):
            marks = [connection.heard for connection in connections]
            print("all", flush=True)
    deadline = time.monotonic() + PATIENCE
    while any(connection.heard < connection.said for connection in connections):
        if time.monotonic() > deadline:
            sys.exit("not all that was said has come back")
        hear_until(selector, time.monotonic() + PERIOD)
    print(round(max(connection.silence for connection in connections) * 1000), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
