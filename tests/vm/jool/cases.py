# SPDX-License-Identifier: BSD-3-Clause
"""What is said through both gateways. A case is a generator: it yields the packets of a step, each
with the end that sends it, and goes on when these have come out. `talk` is its flow."""

import struct

import ends
import frames
from frames import DF, ICMP, ICMPV6, TCP, UDP
from talk import Talk

SYN, ACK, FIN, RST, PSH = 2, 16, 1, 4, 8
ROUTER4 = frames.address("192.0.2.77")
ROUTER6 = frames.address("2001:db8:1::77")
CASES = {}


def case(protocol=UDP):
    """Registers the generator by its name."""
    def register(function):
        CASES[function.__name__.replace("_", " ")] = function, protocol
        return function
    return register


def opened(talk):
    """A flow that has been answered."""
    if talk.protocol == TCP:
        yield [talk.out(body=talk.out_body(flags=SYN, numbers=(1000, 0)))]
        yield [talk.back(body=talk.back_body(flags=SYN | ACK, numbers=(5000, 1001)))]
        yield [talk.out(body=talk.out_body(flags=ACK, numbers=(1001, 5001)))]
    else:
        yield [talk.out(b"request")]
        yield [talk.back(b"answer")]


# Transport.

@case()
def datagrams_of_each_length(talk):
    yield from opened(talk)
    for length in (0, 1, 2, 7, 100, 1219, 1231, 1232, 1233, 1240, 1400, 1452):
        yield [talk.out(b"x" * length), talk.back(b"y" * length)]


@case(TCP)
def a_connection(talk):
    yield from opened(talk)
    yield [talk.out(body=talk.out_body(b"GET", flags=ACK | PSH, numbers=(1001, 5001)))]
    yield [talk.back(body=talk.back_body(b"200", flags=ACK | PSH, numbers=(5001, 1004)))]
    yield [talk.out(body=talk.out_body(flags=ACK | FIN, numbers=(1004, 5004)))]
    yield [talk.back(body=talk.back_body(flags=ACK | FIN, numbers=(5004, 1005)))]
    yield [talk.out(body=talk.out_body(flags=ACK, numbers=(1005, 5005)))]


@case(TCP)
def options_of_tcp(talk):
    options = struct.pack("!BBHBBBB", 2, 4, 1440, 4, 2, 1, 1)
    yield [talk.out(body=talk.out_body(flags=SYN, options=options))]
    yield [talk.back(body=talk.back_body(flags=SYN | ACK, numbers=(5000, 1001), options=options))]


@case(TCP)
def a_reset(talk):
    yield from opened(talk)
    yield [talk.back(body=talk.back_body(flags=RST, numbers=(5001, 0)))]


@case(TCP)
def a_segment_of_no_connection(talk):
    yield [talk.out(body=talk.out_body(flags=ACK, numbers=(1001, 5001)))]
    yield [talk.out(body=talk.out_body(flags=RST, numbers=(1001, 0)))]
    yield [talk.out(body=talk.out_body(flags=FIN | ACK, numbers=(1001, 5001)))]


@case(ICMP)
def pings(talk):
    for length in (0, 1, 56, 1000, 1400):
        yield [talk.out(b"e" * length)]
        yield [talk.back(b"e" * length)]


@case(ICMP)
def a_ping_from_outside(talk):
    yield from opened(talk)
    body = frames.icmp(talk.back_ends, 8, 0, talk.public << 16 | 1, b"ping")
    yield [talk.back(body=body)]


@case(ICMP)
def queries_that_ipv6_has_not(talk):
    yield from opened(talk)
    for kind in (9, 10, 13, 14, 15, 16, 17, 18, 30, 40):
        body = frames.icmp(talk.back_ends, kind, 0, talk.public << 16 | 1, b"q" * 12)
        yield [talk.back(body=body)]


@case(ICMP)
def queries_that_ipv4_has_not(talk):
    yield from opened(talk)
    for kind in (138, 139, 140, 144, 148, 155, 160):
        yield [talk.out(body=frames.icmp(talk.out_ends, kind, 0, 0x00010001, b"q" * 12))]


@case()
def other_protocols(talk):
    for number in (47, 50, 59, 103):
        yield [talk.out(body=b"o" * 40, protocol=number)]


# Headers.

@case()
def traffic_classes(talk):
    yield from opened(talk)
    for tos in (1, 2, 3, 0x28, 0xb8, 0xff):
        yield [talk.out(b"x", tos=tos), talk.back(b"y", tos=tos)]


@case()
def a_flow_label(talk):
    yield [talk.out(b"x", label=0xabcde)]


@case()
def hop_limits(talk):
    yield from opened(talk)
    for ttl in (255, 3, 2):
        yield [talk.out(b"x", ttl=ttl), talk.back(b"y", ttl=ttl)]


@case()
def the_last_hop(talk):
    yield from opened(talk)
    yield [talk.out(b"x" * 20, ttl=1)]
    yield [talk.back(b"y" * 20, ttl=1)]


@case()
def identifications(talk):
    yield from opened(talk)
    for ident in (0, 1, 0xffff):
        yield [talk.back(b"y", ident=ident)]
        yield [talk.back(b"y", ident=ident, fragment=DF)]


@case()
def options_of_ipv4(talk):
    yield from opened(talk)
    yield [talk.back(b"y", options=bytes((1, 1, 1, 0)))]
    yield [talk.back(b"y", options=bytes((148, 4, 0, 0)))]  # router alert
    yield [talk.back(b"y", options=bytes((7, 7, 4, 0, 0, 0, 0, 0)))]  # record route


@case()
def source_routes_of_ipv4(talk):
    yield from opened(talk)
    for kind in (131, 137):
        yield [talk.back(b"y", options=bytes((kind, 7, 4)) + ROUTER4.packed + b"\0")]
        yield [talk.back(b"y", options=bytes((kind, 7, 8)) + ROUTER4.packed + b"\0")]


@case()
def extension_headers(talk):
    options = bytes((0, 1, 4, 0, 0, 0, 0))
    used_up = bytes((0, 4, 0, 0, 0, 0, 0))
    hop, destination, routing = (frames.HOP_BY_HOP, options), (frames.DESTINATION, options), \
        (frames.ROUTING, used_up)
    for chain in ([hop], [destination], [routing], [hop, destination], [hop, routing, destination],
                  [destination, destination]):
        yield [talk.out(b"x" * 8, extensions=chain)]


@case()
def a_routing_header_with_a_way_to_go(talk):
    for kind in (0, 4):
        rest = bytes((2, kind, 1)) + b"\0" * 4 + ROUTER6.packed
        yield [talk.out(b"x" * 8, extensions=[(frames.ROUTING, rest)])]


# Checksums.

@case()
def a_udp_checksum_left_out(talk):
    yield from opened(talk)
    for length in (0, 1, 300):
        body = talk.back_body(b"y" * length)
        yield [talk.back(body=body[:6] + b"\0\0" + body[8:])]
    body = talk.out_body(b"x")
    yield [talk.out(body=body[:6] + b"\0\0" + body[8:])]


@case()
def damaged_datagrams(talk):
    yield from opened(talk)
    yield [talk.out(body=talk.out_body(b"xy")[:-1] + b"z")]
    yield [talk.back(body=talk.back_body(b"xy")[:-1] + b"z")]


@case(ICMP)
def damaged_pings(talk):
    yield from opened(talk)
    yield [talk.out(body=talk.out_body(b"xy")[:-1] + b"z")]
    yield [talk.back(body=talk.back_body(b"xy")[:-1] + b"z")]


# Sizes.

@case()
def what_does_not_fit_inside(talk):
    yield from opened(talk)
    for length in (1452, 1453, 1472):
        yield [talk.back(b"y" * length, fragment=DF)]
    for length in (1453, 1472):
        yield [talk.back(b"y" * length)]


# Fragments.

@case()
def fragments(talk):
    yield from opened(talk)
    for number, (length, size) in enumerate(((100, 64), (2000, 1000), (3000, 1400), (900, 8 * 30))):
        yield talk.out_cut(talk.out_body(b"f" * length), size, 0xab000010 + number)
        yield talk.back_cut(talk.back_body(b"g" * length), size, 0x20 + number)


@case()
def fragments_in_disorder(talk):
    yield from opened(talk)
    yield talk.out_cut(talk.out_body(b"f" * 600), 200, 0xab000030)[::-1]
    yield talk.back_cut(talk.back_body(b"g" * 600), 200, 0x30)[::-1]


@case()
def a_datagram_that_is_not_all_there(talk):
    yield from opened(talk)
    yield talk.out_cut(talk.out_body(b"f" * 600), 200, 0xab000040)[:2]
    yield talk.back_cut(talk.back_body(b"g" * 600), 200, 0x40)[1:]


@case()
def a_fragment_header_and_no_fragment(talk):
    yield from opened(talk)
    talk.of_no_fragment.append(0x0123)
    yield [talk.out(b"x" * 30, extensions=[frames.fragment_header(0, False, 0xcdef0123)])]


@case(TCP)
def fragments_of_tcp(talk):
    yield from opened(talk)
    yield talk.out_cut(talk.out_body(b"f" * 500, flags=ACK, numbers=(1001, 5001)), 200, 0xab000050)
    yield talk.back_cut(talk.back_body(b"g" * 500, flags=ACK, numbers=(5001, 1501)), 200, 0x50)


@case(ICMP)
def fragments_of_a_ping(talk):
    yield from opened(talk)
    yield talk.out_cut(talk.out_body(b"f" * 500), 200, 0xab000060)
    yield talk.back_cut(talk.back_body(b"g" * 500), 200, 0x60)


# Ways.

@case()
def from_outside_where_nobody_is(talk):
    yield from opened(talk)
    pair = talk.back_ends
    free = 9999 if talk.public != 9999 else 9998
    yield [talk.back(body=frames.udp(pair, (7, free), b"who is there"))]
    yield [talk.back(body=frames.tcp(pair, (7, free), SYN), protocol=TCP)]
    yield [talk.back(body=frames.icmp(pair, 8, 0, free << 16, b"ping"), protocol=ICMP)]


@case()
def another_server_answers(talk):
    yield from opened(talk)
    talk.back_ends = frames.address("203.0.113.11"), ends.PUBLIC
    yield [talk.back(b"y" * 10)]
    yield [talk.back(body=frames.udp(talk.back_ends, (8, talk.public), b"another port"))]


@case(TCP)
def a_connection_from_another_server(talk):
    """To the endpoint of a host that has none with it: filtering does not depend on endpoints."""
    yield from opened(talk)
    talk.back_ends = frames.address("203.0.113.11"), ends.PUBLIC
    talk.out_ends = ends.CLIENT, talk.gateway.embed(talk.back_ends[0])
    yield [talk.back(body=talk.back_body(flags=SYN, numbers=(7000, 0)))]
    yield [talk.out(body=talk.out_body(flags=SYN | ACK, numbers=(3000, 7001)))]
    yield [talk.back(body=talk.back_body(flags=ACK, numbers=(7001, 3001)))]


def neighbours(talk):
    """Two hosts talk to the server. (The other's Talk, its public port)"""
    other = Talk(talk.gateway, talk.port + 1, talk.protocol)
    other.out_ends = ends.OTHER_CLIENT, other.out_ends[1]
    yield from opened(talk)
    talk.others = {other.port}
    yield [other.out(b"request")]
    public, = talk.others - {other.port} or {other.port}
    return other, public


@case()
def hairpinning(talk):
    """Of two hosts that have talked to the server, one talks to the other's public endpoint."""
    other, public = yield from neighbours(talk)
    behind = talk.gateway.embed(ends.PUBLIC)
    pair = ends.CLIENT, behind
    body = frames.udp(pair, (talk.port, public), b"to a neighbour")
    yield [("client", frames.ipv6(pair, UDP, body))]
    back = ends.OTHER_CLIENT, behind
    body = frames.udp(back, (other.port, talk.public), b"and back")
    yield [("client", frames.ipv6(back, UDP, body))]
    pair = behind, ends.OTHER_CLIENT
    quote = frames.ipv6(pair, UDP, frames.udp(pair, (talk.public, other.port), b"to a neighbour"))
    yield [("client", frames.ipv6(back, ICMPV6, frames.icmp(back, 1, 4, 0, quote)))]


@case(TCP)
def hairpinning_of_tcp(talk):
    other, public = yield from neighbours(talk)
    pair = ends.CLIENT, talk.gateway.embed(ends.PUBLIC)
    body = frames.tcp(pair, (talk.port, public), SYN, (9000, 0))
    yield [("client", frames.ipv6(pair, TCP, body))]
    pair = ends.OTHER_CLIENT, pair[1]
    body = frames.tcp(pair, (other.port, talk.public), SYN | ACK, (4000, 9001))
    yield [("client", frames.ipv6(pair, TCP, body))]


def probe(talk, to, source=ends.CLIENT):
    pair = source, talk.gateway.embed(frames.address(to))
    return "client", frames.ipv6(pair, UDP, frames.udp(pair, (talk.port, 7), b"x" * 10))


@case()
def addresses_that_are_no_hosts(talk):
    for to in ("127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.1", "240.0.0.1",
               "169.254.1.1"):
        yield [probe(talk, to)]


@case()
def private_addresses_behind_the_prefix(talk):
    for to in ("10.9.9.9", "172.16.1.1", "192.168.1.1"):
        yield [probe(talk, to)]


@case()
def a_source_behind_the_prefix(talk):
    yield [probe(talk, "203.0.113.10", source=talk.gateway.embed(frames.address("192.0.2.5")))]


@case()
def a_broken_length(talk):
    yield from opened(talk)
    body = talk.out_body(b"xyz")
    yield [talk.out(body=body[:4] + b"\0\x40" + body[6:])]
    body = talk.back_body(b"xyz")
    yield [talk.back(body=body[:4] + b"\0\x40" + body[6:])]
    yield [talk.out(body=b"\0" * 5)]
    yield [talk.back(body=b"\0" * 5)]
