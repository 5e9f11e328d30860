# SPDX-License-Identifier: BSD-3-Clause
"""Sends a burst of datagrams into a gateway and says what came out on the other side.

After each chunk of a burst a sentinel follows on the same cable, and one comes back from the other
end; a gateway and its cables keep the order, so what has not come out before the sentinel never
will. What was lost at a buffer is no answer: Lost says that the burst proves nothing.
"""

import select
import socket
import struct
import time
from contextlib import nullcontext

import datagrams
import network
from datagrams import Datagram, Path
from fragments import Assembly

SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_STATISTICS = 263, 6
FRAME = 14       # bytes of an Ethernet header
CHUNK = 100      # fewer than fit the ring through which sluice receives
PATIENCE = 5     # seconds until a sentinel counts as lost
SENTINEL_PORT = 9
SENTINEL = Datagram("", "udp", fields={"sum": "none"})


class Lost(Exception):
    """A packet did not arrive for want of a buffer."""


def is_sentinel(seen):
    return seen.protocol == datagrams.UDP and \
        SENTINEL_PORT in (seen.path.source_port, seen.path.destination_port)


class End:
    """A raw socket at the client's or the server's end."""

    def __init__(self, net, namespace, facing):
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self.socket.bind(("eth0", 0x0800))
        self.socket.setblocking(False)
        self.header = net.gateway_addresses[facing] + \
            net.hardware_address(namespace, "eth0") + b"\x08\x00"
        self.assembly = Assembly()
        self.sent = 0

    def send(self, datagram):
        self.socket.send(self.header + datagram)
        self.sent += 1

    def receive(self):
        """All that waits, without waiting."""
        frames = []
        while True:
            try:
                whole = self.assembly.add(self.socket.recv(2048)[FRAME:])
            except BlockingIOError:
                return frames
            if whole:
                frames.append(datagrams.read(bytes(FRAME) + whole))

    def overflowed(self):
        return struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]


class Wire:
    """Both ends of a network with a gateway in its middle."""

    def __init__(self, net, gateway):
        self.network, self.gateway = net, gateway
        self.client = End(net, net.client, "lan")
        self.server = End(net, net.server, "wan")
        self.count = 0  # of sentinels
        self.public = None  # where the sentinel's flow is known outside
        self.rest()

    def rest(self):
        """Between bursts: loss is counted from here."""
        self._find_sentinel_flow()
        self.client.overflowed(), self.server.overflowed()
        self.lost_before = self.network.dropped()
        self.received_before = self.gateway.received()
        self.client.sent = self.server.sent = 0

    def _find_sentinel_flow(self):
        """Opens it; the first packet may have to wait for ARP, so it is sent until it arrives."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            mark = self._ask(self.client, Path(network.CLIENT, network.SERVER,
                                                       SENTINEL_PORT, SENTINEL_PORT))
            seen = self._await(self.server, mark, 1)
            if seen:
                self.public = (seen[-1].path.source, seen[-1].path.source_port)
                mark = self._answer()
                if self._await(self.client, mark, 1):
                    return
        raise RuntimeError(f"{self.gateway.name} does not forward")

    def _ask(self, end, path):
        self.count = (self.count + 1) % 65536
        end.send(datagrams.build(SENTINEL, path, self.count))
        return self.count

    def _answer(self):
        return self._ask(self.server, Path(network.SERVER, self.public[0], SENTINEL_PORT,
                                                   self.public[1]))

    @staticmethod
    def _await(end, mark, patience):
        """Everything up to the sentinel with this mark; nothing if it does not come."""
        frames, deadline = [], time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            select.select([end.socket], [], [], left)
            frames += end.receive()
            if any(is_sentinel(seen) and seen.mark == mark for seen in frames):
                return frames
        return []

    def _flush_out(self):
        """Passes a sentinel each way; (at the client, at the server) came what came before."""
        ask = self._ask(self.client, Path(network.CLIENT, network.SERVER, SENTINEL_PORT,
                                                  SENTINEL_PORT))
        answer = self._answer()
        at_server = self._await(self.server, ask, PATIENCE)
        at_client = self._await(self.client, answer, PATIENCE)
        if not at_server or not at_client:
            raise Lost("a sentinel")
        return at_client, at_server

    def exchange(self, burst, at_once=False):
        """Sends [(direction, packet)]; ([seen at the client], [seen at the server]). With `at_once`
        the gateway finds all of a chunk when it looks."""
        at_client, at_server = [], []
        for end in (self.client, self.server):
            end.assembly.forget()
        for first in range(0, len(burst), CHUNK):
            with self.gateway.held() if at_once else nullcontext():
                for direction, packet in burst[first:first + CHUNK]:
                    (self.client if direction == datagrams.ORIGINAL else self.server).send(packet)
            here, there = self._flush_out()
            at_client += here
            at_server += there
        self._check_loss()
        return ([seen for seen in at_client if not is_sentinel(seen)],
                [seen for seen in at_server if not is_sentinel(seen)])

    def _check_loss(self):
        if self.client.overflowed() + self.server.overflowed():
            raise Lost("at a receiving socket")
        if self.network.dropped() != self.lost_before:
            raise Lost("at an interface")
        received = self.gateway.received()
        if received is not None and \
                received - self.received_before != self.client.sent + self.server.sent:
            raise Lost(f"{received - self.received_before} of "
                       f"{self.client.sent + self.server.sent} packets reached {self.gateway.name}")

    def close(self):
        self.client.socket.close()
        self.server.socket.close()
