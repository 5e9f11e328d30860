# SPDX-License-Identifier: BSD-3-Clause
"""Cases, as those of cases.py, of ICMP errors."""

import struct

import frames
from cases import ROUTER4, ROUTER6, case, opened
from frames import ICMP, TCP

TYPES4 = [(3, code) for code in range(17)] + [(4, 0), (5, 1), (11, 0), (11, 1),
                                              (11, 2), (12, 1), (12, 2),
                                              (12, 3)]
TYPES6 = [(1, code) for code in range(9)] + [(3, 0), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (2, 1)]


def mtu_of(kind, code):
    return 1300 if (kind, code) in ((3, 4), (2, 1)) else 0


@case()
def errors_of_ipv4(talk):
    yield from opened(talk)
    yield [talk.error_back(kind, code, mtu_of(kind, code), talk.quote_of_out(b"x" * 20))
           for kind, code in TYPES4]


@case()
def errors_of_ipv6(talk):
    yield from opened(talk)
    yield [talk.error_out(kind, code, mtu_of(kind, code), talk.quote_of_back(b"y" * 20))
           for kind, code in TYPES6]


@case()
def mtus_of_ipv4(talk):
    yield from opened(talk)
    yield [talk.error_back(3, 4, mtu, talk.quote_of_out(b"x" * 1300)) for mtu in
           (0, 68, 576, 1259, 1260, 1261, 1280, 1400, 1479, 1480, 1481, 1500, 9000, 65535)]


@case()
def mtus_of_ipv6(talk):
    yield from opened(talk)
    yield [talk.error_out(2, 0, mtu, talk.quote_of_back(b"y" * 1100)) for mtu in
           (68, 1279, 1280, 1281, 1400, 1500, 1520, 1600, 9000, 65535, 65555, 100000)]


@case()
def pointers_of_ipv4(talk):
    yield from opened(talk)
    yield [talk.error_back(12, 0, pointer << 24, talk.quote_of_out(b"x" * 20))
           for pointer in range(22)]


@case()
def pointers_of_ipv6(talk):
    yield from opened(talk)
    yield [talk.error_out(4, 0, pointer, talk.quote_of_back(b"y" * 20))
           for pointer in range(42)]


@case()
def errors_of_routers(talk):
    yield from opened(talk)
    yield [talk.error_back(11, 0, 0, talk.quote_of_out(b"x" * 20), source=ROUTER4)]
    yield [talk.error_out(3, 0, 0, talk.quote_of_back(b"y" * 20), source=ROUTER6)]


@case()
def quotes_of_each_length(talk):
    yield from opened(talk)
    for length in (0, 1, 100, 500, 1180, 1400):
        quote = talk.quote_of_out(b"x" * length)
        yield [talk.error_back(3, 1, 0, quote)]
        yield [talk.error_back(3, 1, 0, quote[:28])]
        if length <= 1180:
            yield [talk.error_out(1, 0, 0, talk.quote_of_back(b"y" * length))]
        yield [talk.error_out(1, 0, 0, talk.quote_of_back(b"y" * length)[:48])]


@case()
def quotes_that_are_too_short(talk):
    yield from opened(talk)
    for length in (19, 20, 24, 27):
        yield [talk.error_back(3, 1, 0, talk.quote_of_out(b"x")[:length])]
    for length in (39, 40, 44, 47):
        yield [talk.error_out(1, 0, 0, talk.quote_of_back(b"x")[:length])]


@case()
def quotes_of_fragments(talk):
    yield from opened(talk)
    yield [talk.error_back(3, 4, 1400, talk.quote_of_out(b"x" * 20, fragment=frames.MF))]
    yield [talk.error_back(11, 1, 0, talk.quote_of_out(b"x" * 20, fragment=frames.MF))]
    yield [talk.error_back(3, 4, 1400, talk.quote_of_out(b"x" * 20, fragment=frames.MF | 5))]
    for offset in (0, 40):
        head = [frames.fragment_header(offset, True, 0x1234)]
        for kind, rest in ((2, 1400), (3, 0)):
            yield [talk.error_out(kind, 0, rest,
                                  talk.quote_of_back(b"y" * 20, extensions=head))]


@case()
def quotes_with_extension_headers(talk):
    yield from opened(talk)
    head = [(frames.DESTINATION, bytes((0, 1, 4, 0, 0, 0, 0)))]
    yield [talk.error_out(1, 0, 0, talk.quote_of_back(b"y" * 20, extensions=head))]


@case(TCP)
def errors_about_tcp(talk):
    yield from opened(talk)
    yield [talk.error_back(3, 4, 1400, talk.quote_of_out(b"x" * 20))]
    yield [talk.error_back(11, 0, 0, talk.quote_of_out(b"x" * 20)[:28])]
    yield [talk.error_out(2, 0, 1400, talk.quote_of_back(b"x" * 20))]


@case(ICMP)
def errors_about_pings(talk):
    yield from opened(talk)
    yield [talk.error_back(3, 1, 0, talk.quote_of_out(b"x" * 20))]
    yield [talk.error_out(1, 3, 0, talk.quote_of_back(b"x" * 20))]


@case()
def errors_about_nothing(talk):
    yield from opened(talk)
    talk.public, kept = talk.public ^ 1, talk.public
    yield [talk.error_back(3, 1, 0, talk.quote_of_out(b"x" * 20))]
    talk.public = kept
    talk.port += 1
    yield [talk.error_out(1, 3, 0, talk.quote_of_back(b"x" * 20))]
    talk.port -= 1


@case()
def damaged_errors(talk):
    yield from opened(talk)
    for side, packet in (talk.error_back(3, 1, 0, talk.quote_of_out(b"x" * 20)),
                         talk.error_out(1, 3, 0, talk.quote_of_back(b"x" * 20))):
        yield [(side, packet[:-1] + b"!")]


@case()
def extensions_of_errors(talk):
    """RFC 4884: 128 bytes of quote, then an object."""
    yield from opened(talk)
    objects = b"\x20\0\0\0" + struct.pack("!HBBI", 8, 1, 1, 0x12345678)
    objects = frames.summed(objects, 2)
    yield [talk.error_back(11, 0, 32 << 16, talk.quote_of_out(b"x" * 100) + objects)]
    yield [talk.error_out(3, 0, 16 << 24, talk.quote_of_back(b"x" * 80) + objects)]
