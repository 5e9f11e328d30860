# SPDX-License-Identifier: BSD-3-Clause
"""Packets of other protocols than TCP, as people write them and as they travel.

A packet of a script is one line: its direction, then what its protocol has for words.

    udp, udplite    len=N; sum=bad|none; behind=N (bytes behind the length field's); missing=N
                    (that it counts and are not there; of the header where negative);
                    cover=N (udplite)
    udp             RRQ: a request of TFTP; told=tftp: a packet of the flow that it foretells
    icmp            echo, echo-reply, timestamp, timestamp-reply, …; len=N; sum=bad
    gre, esp        len=N; version=N (gre)
    sctp            chunks joined by +: INIT, COOKIE_ECHO+DATA; tag=N, itag=N (of INIT and
                    INIT_ACK); t=1 (the T bit of ABORT and SHUTDOWN_COMPLETE); sum=bad
    all             error=TYPE/CODE: an ICMP error of that side's host about a packet that came
                    there; quote=N bytes behind the quoted IP header; mtu=N
                    cut=N: in fragments of N bytes, in their order, or order=2-0-1

`wait 2.5` lets time pass.
"""

import socket
import struct
from dataclasses import dataclass, field

ORIGINAL, REPLY = "original", "reply"
ICMP, TCP, UDP, GRE, ESP, SCTP, UDPLITE = 1, 6, 17, 47, 50, 132, 136
NUMBERS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "gre": GRE, "esp": ESP, "sctp": SCTP,
           "udplite": UDPLITE}
WITH_PORTS = (TCP, UDP, SCTP, UDPLITE)

QUERIES = {"echo": 8, "timestamp": 13, "info": 15, "mask": 17}
ANSWERS = {"echo-reply": 0, "timestamp-reply": 14, "info-reply": 16, "mask-reply": 18}
CHUNKS = {"DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5,
          "ABORT": 6, "SHUTDOWN": 7, "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10,
          "COOKIE_ACK": 11, "SHUTDOWN_COMPLETE": 14}
KEYS = ("len", "sum", "behind", "missing", "cover", "version", "tag", "itag", "t", "error", "quote",
        "mtu", "cut", "order", "told")
DEFAULT_QUOTE = 8
TOLD = 20000  # beyond the port of the flow that tells
REQUEST = b"\0\1file\0octet\0"  # RFC 1350
ERRORS = (3, 4, 5, 11, 12)


@dataclass(frozen=True)
class Path:
    """Where a packet goes from and to. Ports are an ICMP query's identifier, or 0."""
    source: str
    destination: str
    source_port: int
    destination_port: int

    def addresses(self):
        return socket.inet_aton(self.source) + socket.inet_aton(self.destination)

    def reversed(self):
        return Path(self.destination, self.source, self.destination_port, self.source_port)


@dataclass(frozen=True)
class Datagram:
    direction: str
    protocol: str   # of the flow; its packet's too, but for an ICMP error
    what: str = ""  # an ICMP message, or chunks
    fields: dict = field(default_factory=dict, hash=False)

    def number(self, name, default=0):
        return int(self.fields.get(name, default))

    @property
    def told(self):
        """Of which foretold flow it is."""
        return self.fields.get("told", "")

    def cutting(self):
        """Bytes and order of its fragments; None: it is whole."""
        return cutting(self.number("cut"), self.fields.get("order", ""))


def cutting(size, order):
    """Of a packet: what fragments.cut() takes, or None."""
    return (size, tuple(map(int, order.split("-"))) if order else ()) if size else None


def parse(line, protocol):
    """The datagram of a line."""
    direction, *words = line.split()
    if direction not in (ORIGINAL, REPLY):
        raise ValueError(f"not a packet: {line}")
    what, fields = "", {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            what = word
        elif name in KEYS:
            fields[name] = value
        else:
            raise ValueError(f"unknown word {word!r}: {line}")
    known = {"icmp": {*QUERIES, *ANSWERS}, "sctp": CHUNKS}.get(protocol, ())
    if "error" not in fields and protocol in ("icmp", "sctp"):
        if not what or set(what.split("+")) - set(known):
            raise ValueError(f"no packet of {protocol}: {line}")
    return Datagram(direction, protocol, what, fields)


def text(datagram):
    """The line of a datagram."""
    words = [datagram.direction] + [datagram.what] * bool(datagram.what)
    return " ".join(words + [f"{name}={value}" for name, value in datagram.fields.items()])


def checksum(data):
    """RFC 1071, by arithmetic: 2^16 is 1 modulo 2^16 - 1. Over what is sound it is 0xffff."""
    return 0xffff - int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 0xffff


def crc32c(data):
    """RFC 9260 appendix A, a bit at a time."""
    value = 0xffffffff
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
    return value ^ 0xffffffff


def ip_header(path, protocol, length, mark):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, mark, 0, 64, protocol, 0)
    head += path.addresses()
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def _summed(body, at, covered, pseudo, how):
    """The body with a checksum over pseudo header and what is covered."""
    if how == "none":
        return body
    value = checksum(pseudo + body[:covered]) or 0xffff
    value ^= 0x5555 if how == "bad" else 0
    return body[:at] + struct.pack("!H", value) + body[at + 2:]


def _udp(datagram, path):
    said = REQUEST if datagram.what == "RRQ" else b"x" * datagram.number("len")
    data = said + b"x" * datagram.number("behind")
    length = 8 + len(said) + datagram.number("missing")
    body = struct.pack("!HHHH", path.source_port, path.destination_port, length, 0) + data
    pseudo = path.addresses() + struct.pack("!HH", UDP, length)
    return _summed(body, 6, length, pseudo, datagram.fields.get("sum"))


def _udplite(datagram, path):
    cover = datagram.number("cover")
    body = struct.pack("!HHHH", path.source_port, path.destination_port, cover, 0)
    body += b"x" * datagram.number("len")
    pseudo = path.addresses() + struct.pack("!HH", UDPLITE, len(body))
    return _summed(body, 6, cover or len(body), pseudo, datagram.fields.get("sum"))


def _icmp(datagram, path):
    kind = (QUERIES | ANSWERS)[datagram.what]
    identifier = path.source_port if kind in QUERIES.values() else path.destination_port
    body = struct.pack("!BBHHH", kind, 0, 0, identifier, 1) + b"x" * datagram.number("len")
    return _summed(body, 2, len(body), b"", datagram.fields.get("sum"))


def _gre(datagram, _):
    data = b"x" * datagram.number("len")
    if datagram.number("version") == 1:  # RFC 2637: PPP, with a key of length and call
        return struct.pack("!HHHH", 0x2001, 0x880b, len(data), 7) + data
    return struct.pack("!HH", 0, 0x0800) + data


def _esp(datagram, _):
    return struct.pack("!II", 7, 1) + b"x" * datagram.number("len", 16)


def _chunk(name, datagram):
    kind, tag = CHUNKS[name], struct.pack("!I", datagram.number("itag"))
    body = {"DATA": b"\0" * 12 + b"xxxx", "SACK": b"\0" * 12, "SHUTDOWN": b"\0" * 4,
            "INIT": tag + struct.pack("!IHHI", 65536, 1, 1, 1),
            "INIT_ACK": tag + struct.pack("!IHHIHH", 65536, 1, 1, 1, 7, 8) + b"cook",
            "COOKIE_ECHO": b"cook", "HEARTBEAT": struct.pack("!HH", 1, 8) + b"beat",
            "HEARTBEAT_ACK": struct.pack("!HH", 1, 8) + b"beat"}.get(name, b"")
    flags = 3 if name == "DATA" else datagram.number("t")
    return struct.pack("!BBH", kind, flags, 4 + len(body)) + body


def _sctp(datagram, path):
    body = struct.pack("!HHII", path.source_port, path.destination_port, datagram.number("tag"), 0)
    body += b"".join(_chunk(name, datagram) for name in datagram.what.split("+"))
    value = crc32c(body) ^ (1 if datagram.fields.get("sum") == "bad" else 0)
    return body[:8] + struct.pack("<I", value) + body[12:]


BODIES = {"udp": _udp, "udplite": _udplite, "icmp": _icmp, "gre": _gre, "esp": _esp, "sctp": _sctp}


def _error(datagram, path, mark):
    """An ICMP error about what came the other way: its quote goes against the error."""
    asked = datagram.direction == REPLY  # the quoted packet is one of the original direction
    protocol = datagram.protocol
    plain = {"icmp": "echo" if asked else "echo-reply", "sctp": "DATA"}.get(protocol, "")
    quoted = Datagram(ORIGINAL if asked else REPLY, protocol, plain, {"len": "0"})
    inner = BODIES[protocol](quoted, path.reversed())
    quote = ip_header(path.reversed(), NUMBERS[protocol], len(inner), mark) + \
        inner[:datagram.number("quote", DEFAULT_QUOTE)]
    kind, code = map(int, datagram.fields["error"].split("/"))
    body = struct.pack("!BBHHH", kind, code, 0, 0, datagram.number("mtu")) + quote
    return _summed(body, 2, len(body), b"", datagram.fields.get("sum"))


def build(datagram, path, mark):
    """An IP datagram. `mark` becomes the IP identification, by which the packet is known again on
    the far side."""
    if "error" in datagram.fields:
        body, number = _error(datagram, path, mark), ICMP
    else:
        body, number = BODIES[datagram.protocol](datagram, path), NUMBERS[datagram.protocol]
    return ip_header(path, number, len(body), mark) + body


@dataclass(frozen=True)
class Seen:
    """A datagram as it came out on the far side."""
    protocol: int
    mark: int
    path: Path
    ttl: int
    rest: bytes     # what no NAT may touch
    is_sound: bool  # the checksums are right, as far as there are some
    quote: str = ""  # of an ICMP error: whose packet, and whether the quoted header is sound


def _path(data, number):
    """Of the IP packet, which may be cut behind its ports."""
    source, destination = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    ports = (0, 0)
    if number in WITH_PORTS:
        ports = struct.unpack_from("!HH", data, 20)
    elif number == ICMP and data[20] not in ERRORS:
        identifier = struct.unpack_from("!H", data, 24)[0]
        ports = (identifier, 0) if data[20] in QUERIES.values() else (0, identifier)
    return Path(source, destination, *ports)


def _is_sound(data, number):
    body, length = data[20:], len(data) - 20
    if number == TCP:
        return checksum(data[12:20] + struct.pack("!HH", TCP, length) + body) == 0xffff
    if number == UDP:
        length, value = struct.unpack_from("!HH", body, 4)
        return value == 0 or \
            checksum(data[12:20] + struct.pack("!HH", UDP, length) + body[:length]) == 0xffff
    if number == UDPLITE:
        cover = struct.unpack_from("!H", body, 4)[0] or length
        return checksum(data[12:20] + struct.pack("!HH", UDPLITE, length) + body[:cover]) == 0xffff
    if number == ICMP:
        return checksum(body) == 0xffff
    if number == SCTP:
        return crc32c(body[:8] + bytes(4) + body[12:]) == struct.unpack_from("<I", body, 8)[0]
    return True


# What a NAT may change behind the IP header: (first, one behind the last) of each part.
CHANGED = {TCP: ((0, 4), (16, 18)), UDP: ((0, 4), (6, 8)), UDPLITE: ((0, 4), (6, 8)),
           ICMP: ((2, 6),), SCTP: ((0, 4), (8, 12))}


def _rest(body, number):
    kept = bytearray(body)
    for first, end in CHANGED.get(number, ()):
        kept[first:end] = bytes(end - first)
    return bytes(kept)


def read(frame):
    """What an Ethernet frame with IPv4 holds."""
    length, mark, ttl, number = struct.unpack_from("!2xHHxxBB", frame, 14)
    data = frame[14:14 + length]
    is_sound = checksum(data[:20]) == 0xffff and _is_sound(data, number)
    path, rest, quote = _path(data, number), _rest(data[20:], number), ""
    if number == ICMP and data[20] in ERRORS:
        inner = data[28:]
        rest = data[20:22] + data[24:28] + inner[8:9] + inner[28:]
        if len(inner) >= 28:
            rest = data[20:22] + data[24:28] + _rest(inner[20:], inner[9])
        quote = f"{_path(inner, inner[9]) if len(inner) >= 28 else inner.hex()}, " \
            f"header {'sound' if checksum(inner[:20]) == 0xffff else 'unsound'}"
    return Seen(number, mark, path, ttl, rest, is_sound, quote)
