# SPDX-License-Identifier: BSD-3-Clause
"""TCP packets as people write them, as records keep them, and as they travel.

A packet of a script is one line; what is not written has its default:

    original S seq=0 win=65535 wscale=7 sackok
    reply SA seq=0 ack=1 win=65535
    reply A ack=1 sack=2921:4381
    original PA seq=1 ack=1 len=1460
    wait 2.5

Flags are S A F R P U E C, or - for none. Numbers count from the sender's initial sequence number
(seq) and from the peer's (ack, sack); both may be negative. `ack` is 0 on the wire where the A flag
is missing and no ack is written. `cut=N order=1-0` sends it in fragments (datagrams.py).

`say=PORT|EPRT|227|229|USER|220` has a line of FTP in it, the first four tell of a port;
`told=active|passive` is a packet of the flow that was told of. `say=START|ASK|…` has a message of
PPTP (pptp.py), and `- told=call` is a packet of its call, of GRE.
"""

import re
import struct
from dataclasses import dataclass

import pptp
from datagrams import ORIGINAL, REPLY, TCP, TOLD, checksum, cutting, ip_header

FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20, "E": 0x40, "C": 0x80}
MODULUS = 1 << 32


# What is said in FTP, where an address and a port are told of.
LINES = {"USER": "USER a\r\n", "220": "220 ready\r\n",
         "PORT": "PORT {commas}\r\n", "EPRT": "EPRT |1|{address}|{port}|\r\n",
         "227": "227 Entering Passive Mode ({commas}).\r\n",
         "229": "229 Entering Extended Passive Mode (|||{port}|)\r\n"}


@dataclass(frozen=True)
class Packet:
    direction: str
    flags: str
    seq: int = 0
    ack: int | None = None  # None: the field is 0 on the wire
    win: int = 65535
    len: int = 0
    wscale: int | None = None
    mss: int | None = None
    sackok: bool = False
    timestamps: bool = False
    sack: tuple = ()  # pairs (left, right)
    cut: int = 0
    order: str = ""
    say: str = ""
    told: str = ""

    def flag_bits(self):
        return sum(FLAGS[letter] for letter in self.flags if letter != "-")

    def cutting(self):
        return cutting(self.cut, self.order)


@dataclass(frozen=True)
class Wait:
    seconds: float


def text(step):
    """The line of a step."""
    if isinstance(step, Wait):
        return f"wait {step.seconds:g}"
    words = [step.direction, step.flags, f"seq={step.seq}"]
    if step.ack is not None:
        words.append(f"ack={step.ack}")
    words.append(f"win={step.win}")
    words += [f"{name}={value}" for name, value in (("len", step.len or None),
                                                    ("wscale", step.wscale), ("mss", step.mss))
              if value is not None]
    words += [word for word, is_there in (("sackok", step.sackok), ("ts", step.timestamps))
              if is_there]
    if step.sack:
        words.append("sack=" + ",".join(f"{left}:{right}" for left, right in step.sack))
    words += [f"{name}={getattr(step, name)}" for name in ("cut", "order", "say", "told")
              if getattr(step, name)]
    return " ".join(words)


def parse(line):
    """The step of a line."""
    words = line.split()
    if words[0] == "wait":
        return Wait(float(words[1]))
    if words[0] not in (ORIGINAL, REPLY) or set(words[1]) - set("SAFRPUEC-"):
        raise ValueError(f"not a packet: {line}")
    values = {}
    for word in words[2:]:
        name, equals, value = word.partition("=")
        if name == "sack":
            values[name] = tuple(tuple(map(int, pair.split(":"))) for pair in value.split(","))
        elif name == "order" and equals or name == "say" and value in {*LINES, *pptp.MESSAGES} or \
                name == "told" and value in ("active", "passive", "call"):
            values[name] = value
        elif name in ("seq", "ack", "win", "len", "wscale", "mss", "cut") and equals:
            values[name] = int(value, 0)
        elif word in ("sackok", "ts"):
            values["timestamps" if word == "ts" else word] = True
        else:
            raise ValueError(f"unknown word {word!r}: {line}")
    return Packet(words[0], words[1], **values)


SHORT = re.compile(r"([a-z])(-?[0-9:,-]*)")
SHORT_NUMBERS = {"s": "seq", "a": "ack", "w": "win", "l": "len", "k": "wscale", "m": "mss"}


def short(packet):
    """The packet as records keep it: `oPA s1 a1 l1460`, less what is a default."""
    words = [packet.direction[0] + packet.flags]
    for letter, name in SHORT_NUMBERS.items():
        value = getattr(packet, name)
        if value != Packet.__dataclass_fields__[name].default:
            words.append(f"{letter}{value}")
    words += ["p"] * packet.sackok + ["t"] * packet.timestamps
    words += [f"e{left}:{right}" for left, right in packet.sack]
    return " ".join(words)


def options(packet, peer_isn):
    """TCP options on the wire, padded."""
    data = b""
    if packet.mss is not None:
        data += struct.pack("!BBH", 2, 4, packet.mss)
    if packet.sackok:
        data += b"\x04\x02"
    if packet.timestamps:
        data += struct.pack("!BBBBII", 1, 1, 8, 10, 1000, 2000)
    if packet.wscale is not None:
        data += struct.pack("!BBB", 3, 3, packet.wscale)
    if packet.sack:
        data += struct.pack("!BB", 5, 2 + 8 * len(packet.sack))
        for pair in packet.sack:
            data += struct.pack("!II", *((peer_isn + edge) % MODULUS for edge in pair))
    return data + b"\x01" * (-len(data) % 4)


def own_port(packet, path):
    """The inside host's, as it is known where the packet comes from."""
    return path.source_port if packet.direction == ORIGINAL else path.destination_port


def payload(packet, path):
    """What it carries. Each end tells of its own address, and both of the port that is the inside
    host's and TOLD; by that number the server knows a call of PPTP."""
    if not packet.say:
        return b"x" * packet.len
    own = own_port(packet, path)
    port = TOLD + own
    if packet.say in pptp.MESSAGES:
        return pptp.message(packet.say, own, port)
    commas = f"{path.source.replace('.', ',')},{port >> 8},{port & 255}"
    return LINES[packet.say].format(commas=commas, address=path.source, port=port).encode()


def tcp_datagram(packet, path, isn, mark):
    """An IP datagram. `isn` has the initial sequence numbers (sender's, peer's), `mark` becomes the
    IP identification, by which the packet is known again on the far side."""
    if packet.told == "call":
        server = TOLD + own_port(packet, path)
        return pptp.packet_of_call(packet.direction, packet.len, server, path, mark)
    tail = options(packet, isn[1])
    ack = 0 if packet.ack is None else (isn[1] + packet.ack) % MODULUS
    head = struct.pack("!HHIIBBHHH", path.source_port, path.destination_port,
                       (isn[0] + packet.seq) % MODULUS, ack, (20 + len(tail)) << 2,
                       packet.flag_bits(), packet.win, 0, 0)
    body = tail + payload(packet, path)
    length = len(head) + len(body)
    pseudo = path.addresses() + struct.pack("!HH", TCP, length)
    value = checksum(pseudo + head + body)
    return ip_header(path, TCP, length, mark) + head[:16] + struct.pack("!HH", value, 0) + body
