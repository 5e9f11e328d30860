# SPDX-License-Identifier: BSD-3-Clause
"""The two ends of a gateway: raw sockets in the namespaces of its client and server, which answer
ARP and neighbour solicitations for all of their subnets but the gateway itself."""

import ctypes
import ipaddress
import os
import select
import socket
import struct
import time
from contextlib import contextmanager

import frames

CLONE_NEWNET = 0x40000000
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
PATIENCE = 20       # seconds until what must come counts as lost
MOMENT = 5          # seconds in which sluice says what it says by itself
CLIENT = frames.address("2001:db8:1::10")
OTHER_CLIENT = frames.address("2001:db8:1::11")
SERVER = frames.address("203.0.113.10")
PUBLIC = frames.address("198.51.100.7")      # the pool's
GATEWAY4 = frames.address("198.51.100.1")
GATEWAY = frames.address("2001:db8:1::1")
MARK_PORT = 9       # of the packets behind which nothing is on its way
INSIDE = ipaddress.ip_network("2001:db8:1::/64")
OUTSIDE = ipaddress.ip_network("198.51.100.0/24")

libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextmanager
def inside_of(pid):
    """What is opened within belongs to the namespace of that process."""
    with open("/proc/thread-self/ns/net", "rb") as home, \
            open(f"/proc/{pid}/ns/net", "rb") as there:
        check(libc.setns(there.fileno(), CLONE_NEWNET))
        try:
            yield
        finally:
            check(libc.setns(home.fileno(), CLONE_NEWNET))


class End:
    """The client's or the server's."""

    def __init__(self, pid, version, gateway_mac):
        with inside_of(pid):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
            self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.setblocking(False)
        self.mac = self.socket.getsockname()[4]
        kind = 0x86dd if version == 6 else 0x0800
        self.header = gateway_mac + self.mac + struct.pack("!H", kind)

    def send(self, packet):
        self.socket.send(self.header + packet)

    def receive(self):
        """The packets that wait, without waiting; neighbours are answered."""
        packets = []
        while True:
            try:
                frame, origin = self.socket.recvfrom(65535)
            except BlockingIOError:
                return packets
            if origin[2] == socket.PACKET_OUTGOING:
                continue
            if answer := self._neighbour(frame):
                self.socket.send(answer)
            elif frame[12:14] == self.header[12:] and not is_of_link(frame[14:]):
                packets.append(frame[14:])

    def _neighbour(self, frame):
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1":
            asked = ipaddress.IPv4Address(frame[38:42])
            if asked in OUTSIDE and asked not in (PUBLIC, GATEWAY4):
                return frame[6:12] + self.mac + b"\x08\x06\0\1\x08\0\6\4\0\2" + self.mac + \
                    asked.packed + frame[22:32]
        if frame[12:14] == b"\x86\xdd" and frame[20] == frames.ICMPV6 and frame[54] == 135:
            asked = ipaddress.IPv6Address(frame[62:78])
            to = ipaddress.IPv6Address(frame[22:38])
            if asked in INSIDE and asked != GATEWAY and int(to):
                body = frames.icmp((asked, to), 136, 0, 3 << 29,
                                   asked.packed + b"\2\1" + self.mac)
                return frame[6:12] + self.mac + b"\x86\xdd" + \
                    frames.ipv6((asked, to), frames.ICMPV6, body, ttl=255)
        return None


def is_of_link(packet):
    """Neighbour discovery and the like, which no router forwards."""
    return packet[0] >> 4 == 6 and packet[7] == 255 and \
        (packet[6] == frames.ICMPV6 and 130 <= packet[40] <= 137) or \
        packet[0] >> 4 == 6 and packet[6] == 0 and packet[24] == 0xff


class Gateway:
    """A NAT64 between a client and a server."""

    def __init__(self, name, pids, macs, embed):
        self.name, self.embed = name, embed
        self.client, self.server = (End(pid, version, mac) for pid, version, mac in
                                    zip(pids, (6, 4), macs))
        self.count = 0
        self.marks_port = None
        self._open()

    def _mark(self, sender, ends, ports):
        self.count += 1
        text = f"mark {self.count}".encode()
        make = frames.ipv6 if sender is self.client else frames.ipv4
        sender.send(make(ends, frames.UDP, frames.udp(ends, ports, text)))
        return text

    def _ask(self):
        return self._mark(self.client, (CLIENT, self.embed(SERVER)), (MARK_PORT, MARK_PORT))

    def _answer(self):
        return self._mark(self.server, (SERVER, PUBLIC), (MARK_PORT, self.marks_port))

    def _open(self):
        """The flow of the marks; its first packets may end while neighbours are looked for."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            seen = self._until(self.server, self._ask(), 2)
            if seen:
                self.marks_port = frames.read(seen[-1])["source port"]
                if self._until(self.client, self._answer(), 2):
                    return
        raise RuntimeError(f"{self.name} does not translate")

    @staticmethod
    def _until(end, mark, patience):
        """All packets up to the one with the mark; nothing if that does not come."""
        packets, deadline = [], time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            select.select([end.socket], [], [], left)
            packets += end.receive()
            if any(packet.endswith(mark) for packet in packets):
                return packets
        return []

    def send(self, packets):
        """Each (an end's name, a packet), and a mark each way."""
        for side, packet in packets:
            getattr(self, side).send(packet)
        self.pending = self._ask(), self._answer()

    def receive(self):
        """[(an end's name, a packet)] that have come out before the marks."""
        seen = []
        for side, mark in zip(("server", "client"), self.pending):
            packets = self._until(getattr(self, side), mark, PATIENCE)
            if not packets:
                raise RuntimeError(f"{self.name}: a packet got lost")
            seen += [(side, packet) for packet in packets]
        return [(side, packet) for side, packet in seen if not is_mark(packet)]

    def receive_more(self, seconds):
        """What comes within that time, as soon as something has come."""
        both = [self.client.socket, self.server.socket]
        select.select(both, [], [], seconds)
        return [(side, packet) for side in ("server", "client")
                for packet in getattr(self, side).receive() if not is_mark(packet)]


def is_mark(packet):
    at = 20 if packet[0] >> 4 == 4 else 40
    return packet[at + 8:at + 13] == b"mark "
