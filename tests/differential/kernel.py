# SPDX-License-Identifier: BSD-3-Clause
"""The gateway of the running kernel: nft masquerade, its sysctls, its connections over netlink.

The messages are those of linux/netfilter/nfnetlink_conntrack.h: a header, then attributes that
nest.
"""

import socket
import struct

import network
from state import State

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NETLINK_NETFILTER = 12
CTNETLINK_NEW, CTNETLINK_GET, CTNETLINK_DELETE = 0x100, 0x101, 0x102
TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO, TIMEOUT = 1, 2, 3, 4, 7
SEEN_REPLY, ASSURED = 0x2, 0x4
NESTED = 0x8000
TCP = 6

STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
          "TIME_WAIT", "CLOSE", "SYN_SENT2")

# Masquerade, and nothing for the gateway itself: what is not translated back is dropped, and leaves
# no connection behind.
RULES = """
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "wan" masquerade
    }
}
table ip own {
    chain input {
        type filter hook input priority 0; policy drop;
    }
}
"""

# Setting → sysctl, below net.netfilter.nf_conntrack_.
SYSCTLS = {"loose": "tcp_loose", "liberal": "tcp_be_liberal",
           "ignore-invalid-rst": "tcp_ignore_invalid_rst", "max-retrans": "tcp_max_retrans"}


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def attributes(data, offset, end):
    """{type: (start, end)} of the attributes in data[offset:end]."""
    found = {}
    while offset + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, offset)
        found[kind & 0x3fff] = (offset + 4, offset + length)
        offset += (length + 3) & ~3
    return found


def read_tuple(data, span):
    """(protocol, source, destination, source port, destination port)"""
    parts = attributes(data, *span)
    addresses, protocol = attributes(data, *parts[1]), attributes(data, *parts[2])
    ports = [struct.unpack_from("!H", data, protocol[kind][0])[0] if kind in protocol else 0
             for kind in (2, 3)]
    source, destination = (socket.inet_ntoa(data[slice(*addresses[kind])]) for kind in (1, 2))
    return data[protocol[1][0]], source, destination, *ports


def write_tuple(port):
    """CTA_TUPLE_ORIG of the flow that comes from this port."""
    addresses = b"".join(attribute(kind, socket.inet_aton(address))
                         for kind, address in ((1, network.CLIENT), (2, network.SERVER)))
    protocol = attribute(1, bytes([TCP])) + attribute(2, struct.pack("!H", port)) + \
        attribute(3, struct.pack("!H", 80))
    return attribute(TUPLE_ORIG | NESTED, attribute(1 | NESTED, addresses) +
                     attribute(2 | NESTED, protocol))


def read_flow(data, offset, end):
    """(original source port, State) of one message's body; None for what is not TCP."""
    parts = attributes(data, offset + 4, end)
    original = read_tuple(data, parts[TUPLE_ORIG])
    if original[0] != TCP:
        return None
    reply = read_tuple(data, parts[TUPLE_REPLY])
    status, left = (struct.unpack_from("!I", data, parts[kind][0])[0] if kind in parts else 0
                    for kind in (STATUS, TIMEOUT))
    tcp = attributes(data, *attributes(data, *parts[PROTOINFO])[1])
    return original[3], State(STATES[data[tcp[1][0]]], bool(status & SEEN_REPLY),
                              bool(status & ASSURED), left, (reply[2], reply[4]))


class Kernel:
    """A gateway between the two ends of a network.Network."""

    name = "linux"

    def __init__(self, net, settings):
        self.network = net
        gateway = net.gateway
        gateway.run("ip", "address", "add", network.LAN_GATEWAY + "/24", "dev", "lan")
        gateway.run("ip", "address", "add", network.PUBLIC + "/24", "dev", "wan")
        gateway.run("ip", "route", "add", "default", "via", network.NEXT_HOP)
        gateway.sysctl("net.ipv4.ip_forward", 1)
        gateway.run("nft", "-f", "-", text=RULES)
        for name, value in settings.items():
            gateway.sysctl("net.netfilter.nf_conntrack_" + SYSCTLS[name], value)
        with gateway.entered():
            self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.netlink.settimeout(10)
        self.netlink.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE

    def _send(self, kind, flags, body=b""):
        data = struct.pack("=IHHII", 20 + len(body), kind, NLM_F_REQUEST | flags, 0, 0)
        self.netlink.send(data + struct.pack("!BBH", socket.AF_INET, 0, 0) + body)

    def _messages(self):
        """(type, data, start, end) of messages up to the one that ends the answer."""
        while True:
            data = self.netlink.recv(1 << 18)
            offset = 0
            while offset < len(data):
                length, kind = struct.unpack_from("=IH", data, offset)
                if kind == NLMSG_ERROR:
                    error = struct.unpack_from("=i", data, offset + 16)[0]
                    if error:
                        raise OSError(-error, "conntrack over netlink")
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return
                yield data, offset + 16, offset + length
                offset += (length + 3) & ~3

    def flows(self):
        """{original source port: State} of all TCP connections."""
        self._send(CTNETLINK_GET, NLM_F_DUMP)
        return dict(filter(None, [read_flow(*message) for message in self._messages()]))

    def set_timeout(self, port, seconds):
        """Gives the flow this long to live, as if it had been refreshed earlier."""
        self._send(CTNETLINK_NEW, NLM_F_ACK,
                   write_tuple(port) + attribute(TIMEOUT, struct.pack("!I", seconds)))
        for _ in self._messages():
            pass

    def flush(self):
        self._send(CTNETLINK_DELETE, NLM_F_ACK)
        for _ in self._messages():
            pass

    def received(self):
        """The kernel drops at interfaces only, which Network.dropped() counts."""
        return None

    def close(self):
        self.netlink.close()
