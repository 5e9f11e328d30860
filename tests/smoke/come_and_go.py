#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Hosts whose connections come and go.

come_and_go.py SERVER TCP-PORT UDP-PORT STOP-FILE LOCAL-ADDRESS...

A hundred times a second, in turn from each address, a TCP connection is opened to an echo, says a
line and is closed when that has come back, or by a reset, or after two seconds; and a UDP question
is sent from a port of its own. Says "open" when the first connection has been answered, and at the
end "HEARD of OPENED". What is lost is nobody's fault here.
"""

import os
import selectors
import socket
import struct
import sys
import time

PERIOD = 0.01
PATIENCE = 2.0
LINE = b"here and gone\n"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() resets


class Crowd:
    def __init__(self, server, tcp_port, udp_port):
        self.selector = selectors.DefaultSelector()
        self.tcp = (server, tcp_port)
        self.udp = (server, udp_port)
        self.until = {}  # socket -> when nobody waits for it any more
        self.opened = 0
        self.heard = 0

    def open(self, local):
        self.opened += 1
        for kind, far in ((socket.SOCK_STREAM, self.tcp), (socket.SOCK_DGRAM, self.udp)):
            new = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
            new.bind((local, 0))
            new.connect_ex(far)
            if kind == socket.SOCK_DGRAM:
                self.say(new, b"who am I?")
            self.selector.register(new, selectors.EVENT_WRITE if kind == socket.SOCK_STREAM
                                   else selectors.EVENT_READ)
            self.until[new] = time.monotonic() + PATIENCE

    def say(self, which, line):
        try:
            which.send(line)
            return True
        except OSError:
            return False  # refused, or no neighbour: as with any host

    def close(self, which):
        self.selector.unregister(which)
        del self.until[which]
        which.close()

    def step(self, which, events):
        if events & selectors.EVENT_WRITE:
            if self.say(which, LINE):
                self.selector.modify(which, selectors.EVENT_READ)
            else:
                self.close(which)
            return
        try:
            heard = which.recv(4096)
        except OSError:
            heard = b""
        if heard and which.type & socket.SOCK_STREAM:
            self.heard += 1
            if self.heard == 1:
                print("open", flush=True)
            if self.heard % 4 == 0:
                which.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close(which)

    def wait(self, moment):
        while (left := moment - time.monotonic()) > 0:
            for key, events in self.selector.select(left):
                self.step(key.fileobj, events)
        for which in [one for one, until in self.until.items() if until < moment]:
            self.close(which)


def main(server, tcp_port, udp_port, stop, *locals_):
    crowd = Crowd(server, int(tcp_port), int(udp_port))
    due = time.monotonic()
    while not os.path.exists(stop):
        crowd.open(locals_[crowd.opened % len(locals_)])
        due = max(due + PERIOD, time.monotonic())
        crowd.wait(due)
    print(f"{crowd.heard} of {crowd.opened}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
