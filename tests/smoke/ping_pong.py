#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks over UDP by many flows at once until a file is there, each flow one question after the other
answer and no more than one each interval; counts what is lost.

ping_pong.py SERVER PORT STOP-FILE LOCAL-ADDRESS...
"""

import os
import selectors
import socket
import sys
import time

FLOWS = 4  # of each local address
INTERVAL = 0.01  # seconds, of a flow: so that those whom it is about have CPU time left
PATIENCE = 5  # seconds until a question is lost


class Asker:
    def __init__(self, local, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((local, 0))
        self.socket.connect(server)
        self.socket.setblocking(False)
        self.sent = self.lost = 0
        self.asked_at = 0.0
        self.waits = False

    def ask(self):
        self.question = b"question %d" % self.sent
        self.socket.send(b"who am I?" + self.question)
        self.sent += 1
        self.asked_at = time.monotonic()
        self.waits = True

    def listen(self):
        if self.socket.recv(65535).endswith(self.question):
            self.waits = False

    def go_on(self, now, may_ask):
        if self.waits and now - self.asked_at > PATIENCE:
            self.lost += 1
            self.waits = False
        if may_ask and not self.waits and now - self.asked_at >= INTERVAL:
            self.ask()


def main(server, port, stop, *locals_):
    askers = [Asker(local, (server, int(port))) for local in locals_ for _ in range(FLOWS)]
    selector = selectors.DefaultSelector()
    for asker in askers:
        selector.register(asker.socket, selectors.EVENT_READ, asker)
    while True:
        is_over = os.path.exists(stop)
        now = time.monotonic()
        for asker in askers:
            asker.go_on(now, not is_over)
        if is_over and not any(asker.waits for asker in askers):
            break
        for key, _ in selector.select(timeout=INTERVAL):
            key.data.listen()
    sent = sum(asker.sent for asker in askers)
    lost = sum(asker.lost for asker in askers)
    print(f"{sent} sent by {len(askers)} flows, {lost} lost")
    sys.exit(lost != 0 or any(asker.sent == 0 for asker in askers))


if __name__ == "__main__":
    main(*sys.argv[1:])
