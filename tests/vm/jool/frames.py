# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 and IPv6 packets: how they are made, and what is read of them.

What is read of a packet is a dict from a field's name to its value, of its quote too where it is an
ICMP error. Addresses are ipaddress's.
"""

import ipaddress
import struct

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
EXTENSIONS = (HOP_BY_HOP, ROUTING, DESTINATION)
ERRORS = {4: (3, 4, 5, 11, 12), 6: (1, 2, 3, 4)}  # types of ICMP, by the version of IP
MF, DF = 0x2000, 0x4000


def address(text):
    return ipaddress.ip_address(text)


def checksum(data):
    """The Internet checksum's complement; 0xffff where one is among the data and right."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def pseudo(source, destination, protocol, length):
    kind = "!HH" if source.version == 4 else "!II"
    return source.packed + destination.packed + struct.pack(kind, *(
        (protocol, length) if source.version == 4 else (length, protocol)))


def summed(body, at, before=b""):
    """The body with its checksum at `at`."""
    body = body[:at] + b"\0\0" + body[at + 2:]
    value = ~checksum(before + body) & 0xffff
    return body[:at] + struct.pack("!H", value) + body[at + 2:]


def udp(ends, ports, data=b""):
    body = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
    body = summed(body, 6, pseudo(*ends, UDP, len(body)))
    return body if body[6:8] != b"\0\0" else body[:6] + b"\xff\xff" + body[8:]


def tcp(ends, ports, flags, numbers=(0, 0), data=b"", options=b""):
    body = struct.pack("!HHIIBBHHH", *ports, *numbers, (20 + len(options)) << 2, flags, 65535, 0, 0)
    body += options + data
    return summed(body, 16, pseudo(*ends, TCP, len(body)))


def icmp(ends, kind, code, rest, data=b""):
    """Of the version of the ends; `rest` are the four bytes behind the checksum."""
    body = struct.pack("!BBHI", kind, code, 0, rest) + data
    before = pseudo(*ends, ICMPV6, len(body)) if ends[0].version == 6 else b""
    return summed(body, 2, before)


def ipv4(ends, protocol, body, tos=0, ttl=64, ident=0x1234, fragment=0, options=b""):
    """`fragment` has the flags and the offset."""
    bytes_of_header = 20 + len(options)
    head = struct.pack("!BBHHHBBH", 0x40 | bytes_of_header // 4, tos, bytes_of_header + len(body),
                       ident, fragment, ttl, protocol, 0)
    return summed(head + ends[0].packed + ends[1].packed + options, 10) + body


def ipv6(ends, protocol, body, tos=0, ttl=64, label=0, extensions=()):
    """`extensions` are (number, bytes), the bytes without the first one."""
    chain = b""
    for number, rest in reversed(extensions):
        chain = bytes([protocol]) + rest + chain
        protocol = number
    return struct.pack("!IHBB", 6 << 28 | tos << 20 | label, len(chain + body), protocol, ttl) + \
        ends[0].packed + ends[1].packed + chain + body


def fragment_header(offset, has_more, ident):
    return FRAGMENT, struct.pack("!BHI", 0, offset | has_more, ident)


def pieces(body, size):
    """(offset, the bytes, whether more follow) of a datagram in fragments."""
    return [(at, body[at:at + size], at + size < len(body)) for at in range(0, len(body), size)]


def cut(make, body, size, ident):
    """The packets that make(piece, keywords) makes of a datagram's fragments, of which either
    version takes its own keywords."""
    return [make(part, {"ident": ident, "fragment": offset // 8 | (MF if more else 0)},
                 {"extensions": [fragment_header(offset, more, ident)]})
            for offset, part, more in pieces(body, size)]


def read_ipv4(packet):
    head = (packet[0] & 15) * 4
    total, ident, fragment, ttl, protocol = struct.unpack_from("!HHHBB", packet, 2)
    return {"version": 4, "tos": packet[1], "length": total, "ident": ident,
            "df": bool(fragment & DF), "offset": (fragment & 0x1fff) * 8,
            "more": bool(fragment & MF), "ttl": ttl, "protocol": protocol,
            "options": packet[20:head].hex(), "header sum": checksum(packet[:head]) == 0xffff,
            "source": ipaddress.IPv4Address(packet[12:16]),
            "destination": ipaddress.IPv4Address(packet[16:20])}, packet[head:total]


def read_ipv6(packet):
    word, length, protocol, ttl = struct.unpack_from("!IHBB", packet)
    known = {"version": 6, "tos": word >> 20 & 255, "label": word & 0xfffff, "length": length,
             "ident": None, "offset": 0, "more": False, "ttl": ttl, "extensions": [],
             "source": ipaddress.IPv6Address(packet[8:24]),
             "destination": ipaddress.IPv6Address(packet[24:40])}
    at = 40
    while protocol in EXTENSIONS:
        known["extensions"].append(protocol)
        protocol, at = packet[at], at + 8 + packet[at + 1] * 8
    if protocol == FRAGMENT:
        protocol, field, known["ident"] = struct.unpack_from("!BxHI", packet, at)
        known["offset"], known["more"] = field & ~7, bool(field & 1)
        at += 8
    known["protocol"] = protocol
    return known, packet[at:40 + length]


def read_transport(known, body, is_whole):
    """Adds what the body says to the fields of its packet."""
    ends, protocol = (known["source"], known["destination"]), known["protocol"]
    at = {UDP: 6, TCP: 16, ICMP: 2, ICMPV6: 2}.get(protocol)
    known["transport"] = {ICMP: "icmp", ICMPV6: "icmp"}.get(protocol, protocol)
    if at is None or len(body) < 8:
        known["body"] = body.hex()
        return
    before = b"" if protocol == ICMP else pseudo(*ends, protocol, len(body))
    if is_whole and len(body) >= at + 2:
        is_none = protocol == UDP and body[6:8] == b"\0\0"
        known["sum"] = "none" if is_none else checksum(before + body) == 0xffff
        if protocol == UDP:
            known["fits"] = struct.unpack_from("!H", body, 4)[0] == len(body)
    if protocol not in (ICMP, ICMPV6):
        known["source port"], known["destination port"] = struct.unpack_from("!HH", body)
        # Of a quote the sum is not compared, which covers what is not there.
        known["body"] = (body[4:at] + body[at + 2:]).hex()
        return
    kind, code, rest = struct.unpack_from("!BBxxI", body)
    known["type"], known["code"] = kind, code
    if kind in ERRORS[known["version"]] and len(body) >= 8 + (20 if protocol == ICMP else 40):
        known["rest"] = rest
        known["quote"] = read(body[8:], is_whole=False)
    else:
        known["identifier"], known["sequence"] = rest >> 16, rest & 0xffff
        known["body"] = body[8:].hex()


def read(packet, is_whole=True):
    """The fields of a packet, or of the beginning of one."""
    known, body = (read_ipv4 if packet[0] >> 4 == 4 else read_ipv6)(packet)
    if known["offset"]:
        known["transport"], known["body"] = "fragment", body.hex()
    else:
        read_transport(known, body, is_whole and not known["more"])
    return known


def join(packets):
    """[(packet, its identification, whether it came in fragments)], those put together of which all
    are there."""
    whole, parts = [], {}
    for packet in packets:
        known, body = (read_ipv4 if packet[0] >> 4 == 4 else read_ipv6)(packet)
        if known["offset"] or known["more"]:
            key = known["source"], known["destination"], known["ident"]
            parts.setdefault(key, []).append((known["offset"], known["more"], body, packet))
        else:
            whole.append((packet, known["ident"], False))
    for (_, __, ident), found in parts.items():
        found.sort(key=lambda part: part[0])
        body = b"".join(part[2] for part in found)
        ends = [part[0] + len(part[2]) for part in found]
        if found[-1][1] or [part[0] for part in found] != [0] + ends[:-1]:
            whole += [(part[3], ident, False) for part in found]
        else:
            whole.append((as_whole(found[0][3], body), ident, True))
    return whole


def as_whole(first, body):
    if first[0] >> 4 == 4:
        known, _ = read_ipv4(first)
        return ipv4((known["source"], known["destination"]), known["protocol"], body,
                    known["tos"], known["ttl"], known["ident"], DF if known["df"] else 0)
    known, _ = read_ipv6(first)
    return ipv6((known["source"], known["destination"]), known["protocol"], body, known["tos"],
                known["ttl"], known["label"])
