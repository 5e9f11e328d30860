# SPDX-License-Identifier: BSD-3-Clause
"""The gateway of the running kernel: nft masquerade, its sysctls, its connections over netlink.

The messages are those of linux/netfilter/nfnetlink_conntrack.h: a header, then attributes that
nest.
"""

import socket
import struct
import subprocess
from contextlib import nullcontext

import network
import state
from datagrams import ICMP, SCTP, TCP, Path
from state import State

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NETLINK_NETFILTER = 12
CTNETLINK_NEW, CTNETLINK_GET, CTNETLINK_DELETE = 0x100, 0x101, 0x102
TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO, TIMEOUT = 1, 2, 3, 4, 7
COUNTERS_ORIG, COUNTERS_REPLY = 9, 10
SEEN_REPLY, ASSURED = 0x2, 0x4
NESTED = 0x8000

STATES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
          "TIME_WAIT", "CLOSE", "SYN_SENT2")

SCTP_STATES = ("NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT",
               "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT")
STATES_OF = {TCP: (1, STATES), SCTP: (3, SCTP_STATES)}  # attribute of PROTOINFO, names

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

# By the setting.
HELPERS = ("", """
table ip helped {
    ct helper ftp { type "ftp" protocol tcp; }
    ct helper tftp { type "tftp" protocol udp; }
    chain prerouting {
        type filter hook prerouting priority 0;
        iifname "lan" tcp dport 80 ct helper set "ftp"
        iifname "lan" udp dport 80 ct helper set "tftp"
    }
}
""", """
table ip helped {
    ct helper pptp { type "pptp" protocol tcp; }
    chain prerouting {
        type filter hook prerouting priority 0;
        iifname "lan" tcp dport 80 ct helper set "pptp"
    }
}
""")

SHORT_SCTP_STATES = ("cookie_wait", "cookie_echoed", "shutdown_sent", "shutdown_recd",
                     "shutdown_ack_sent")
# Setting → sysctls, below net.netfilter.nf_conntrack_.
SYSCTLS = {"loose": ["tcp_loose"], "liberal": ["tcp_be_liberal"],
           "ignore-invalid-rst": ["tcp_ignore_invalid_rst"], "max-retrans": ["tcp_max_retrans"],
           "checksum": ["checksum"], "helper": [],
           "sctp-handshake": ["sctp_timeout_" + state for state in SHORT_SCTP_STATES]}


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
    """(protocol, Path); its ports are an ICMP query's identifier, or 0."""
    parts = attributes(data, *span)
    addresses, protocol = attributes(data, *parts[1]), attributes(data, *parts[2])
    number = data[protocol[1][0]]
    kinds = (4, 4) if number == ICMP else (2, 3)
    ports = [struct.unpack_from("!H", data, protocol[kind][0])[0] if kind in protocol else 0
             for kind in kinds]
    source, destination = (socket.inet_ntoa(data[slice(*addresses[kind])]) for kind in (1, 2))
    return number, Path(source, destination, *ports)


def write_tuple(number, port):
    """CTA_TUPLE_ORIG of the flow of a protocol that comes from this port."""
    addresses = b"".join(attribute(kind, socket.inet_aton(address))
                         for kind, address in ((1, network.CLIENT), (2, network.SERVER)))
    protocol = attribute(1, bytes([number])) + attribute(2, struct.pack("!H", port)) + \
        attribute(3, struct.pack("!H", 80))
    return attribute(TUPLE_ORIG | NESTED, attribute(1 | NESTED, addresses) +
                     attribute(2 | NESTED, protocol))


def read_counters(data, span):
    """(packets, bytes)"""
    parts = attributes(data, *span)
    return tuple(struct.unpack_from("!Q", data, parts[kind][0])[0] for kind in (1, 2))


def read_flow(data, offset, end):
    """(key, State) of one message's body."""
    parts = attributes(data, offset + 4, end)
    number, original = read_tuple(data, parts[TUPLE_ORIG])
    _, reply = read_tuple(data, parts[TUPLE_REPLY])
    status, left = (struct.unpack_from("!I", data, parts[kind][0])[0] if kind in parts else 0
                    for kind in (STATUS, TIMEOUT))
    name = ""
    if number in STATES_OF and PROTOINFO in parts:
        kind, names = STATES_OF[number]
        inner = attributes(data, *attributes(data, *parts[PROTOINFO])[kind])
        name = names[data[inner[1][0]]]
    known = State(name, bool(status & SEEN_REPLY), bool(status & ASSURED), left,
                  (reply.destination, reply.destination_port),
                  tuple(read_counters(data, parts[kind])
                        for kind in (COUNTERS_ORIG, COUNTERS_REPLY)))
    return state.key(number, original), known


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
        gateway.sysctl("net.netfilter.nf_conntrack_acct", 1)
        gateway.sysctl("net.ipv4.ipfrag_time", network.FRAGMENT_SECONDS)
        if settings["helper"]:  # nft loads the trackers alone; where both are built in, nothing is
            subprocess.run(["modprobe", "--quiet", "--all", "nf_nat_ftp", "nf_nat_tftp",
                            "nf_nat_pptp"], check=False)
        gateway.run("nft", "-f", "-", text=RULES + HELPERS[settings["helper"]])
        for name, value in settings.items():
            for sysctl in SYSCTLS[name]:
                gateway.sysctl("net.netfilter.nf_conntrack_" + sysctl, value)
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
        """{key: State} of all connections."""
        self._send(CTNETLINK_GET, NLM_F_DUMP)
        return dict(read_flow(*message) for message in self._messages())

    def set_timeout(self, key, seconds):
        """Gives the flow this long to live, as if it had been refreshed earlier. Of protocols with
        ports."""
        self._send(CTNETLINK_NEW, NLM_F_ACK,
                   write_tuple(*key) + attribute(TIMEOUT, struct.pack("!I", seconds)))
        for _ in self._messages():
            pass

    def flush(self):
        self._send(CTNETLINK_DELETE, NLM_F_ACK)
        for _ in self._messages():
            pass

    @staticmethod
    def held():
        """It takes each packet as it comes, so it is what a burst is held against."""
        return nullcontext()

    def received(self):
        """The kernel drops at interfaces only, which Network.dropped() counts."""
        return None

    def close(self):
        self.netlink.close()
