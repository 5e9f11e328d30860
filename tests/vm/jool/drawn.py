# SPDX-License-Identifier: BSD-3-Clause
"""Cases that are drawn: flows of which each packet has fields by chance."""

import random

import ends
import frames
from frames import ICMP, TCP, UDP

ACK, SYN = 16, 2
AT_ONCE = 8  # packets of a step
OPTIONS = bytes((0, 1, 4, 0, 0, 0, 0))
USED_UP = bytes((0, 4, 0, 0, 0, 0, 0))
CHAINS = [[(number, OPTIONS)] for number in (frames.HOP_BY_HOP, frames.DESTINATION)] + \
    [[(frames.ROUTING, USED_UP)],
     [(frames.HOP_BY_HOP, OPTIONS), (frames.ROUTING, USED_UP), (frames.DESTINATION, OPTIONS)]]
ROUTERS = frames.address("192.0.2.77"), frames.address("2001:db8:1::77")


class Drawer:
    """Draws what is the same for both gateways: each has one of the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0
        self.numbers = [1001, 5001]  # of TCP, of which nothing is lost
        self.heard = [1001, 5001]    # what of them each end has got before this step

    def data(self, most=1300):
        """Each packet's begins in its own way, so that it is known again."""
        self.count += 1
        length = self.random.choice((0, self.random.randrange(60), self.random.randrange(most)))
        return f"{self.count:06}".encode() + self.random.randbytes(length)

    def body(self, talk, is_out, data):
        make = talk.out_body if is_out else talk.back_body
        if talk.protocol != TCP:
            return make(data, sequence=self.count)
        end = 0 if is_out else 1
        own = self.numbers[end]
        self.numbers[end] += len(data)
        return make(data, flags=ACK, numbers=(own, self.heard[1 - end]))

    def header(self):
        return {"tos": self.random.choice((0, 0, self.random.randrange(0, 256, 2))),
                "ttl": self.random.randrange(2, 256)}

    def out(self, talk):
        extensions = self.random.choice(CHAINS) if self.random.random() < 0.2 else ()
        label = self.random.choice((0, self.random.randrange(1 << 20)))
        return [talk.out(body=self.body(talk, True, self.data()), extensions=extensions,
                         label=label, **self.header())]

    def back(self, talk):
        return [talk.back(body=self.body(talk, False, self.data()),
                          ident=self.random.randrange(1 << 16),
                          fragment=self.random.choice((0, frames.DF)), **self.header())]

    def cut(self, talk):
        """In fragments, not of pings: those do not pass."""
        if talk.protocol == ICMP:
            return self.out(talk)
        is_out = self.random.random() < 0.5
        body = self.body(talk, is_out, self.data() + bytes(100))
        size = 8 * self.random.randrange(8, 150)
        ident = 0x10000 * is_out + 1000 + self.count
        packets = (talk.out_cut if is_out else talk.back_cut)(body, size, ident, **self.header())
        self.random.shuffle(packets)
        return packets

    def error_back(self, talk):
        kind, code = self.random.choice([(3, code) for code in range(16)] + [(11, 0), (12, 0)])
        rest = {4: self.random.randrange(1500)}.get(code, 0) if kind == 3 else \
            self.random.randrange(20) << 24 if kind == 12 else 0
        quote = talk.quote_of_out(self.data(600), ttl=self.random.randrange(1, 256))
        return [talk.error_back(kind, code, rest, quote,
                                source=self.random.choice((ends.SERVER, ROUTERS[0])))]

    def error_out(self, talk):
        kind, code = self.random.choice([(1, code) for code in range(5)] + [(2, 0), (3, 0), (4, 0)])
        rest = {2: self.random.randrange(1280, 1500), 4: self.random.randrange(40)}.get(kind, 0)
        quote = talk.quote_of_back(self.data(600), ttl=self.random.randrange(1, 256))
        return [talk.error_out(kind, code, rest, quote,
                               source=self.random.choice((ends.CLIENT, ROUTERS[1])))]

    def step(self, talk):
        self.heard = list(self.numbers)
        kinds = [self.out, self.out, self.back, self.back, self.cut, self.error_back,
                 self.error_out]
        return [packet for _ in range(AT_ONCE) for packet in self.random.choice(kinds)(talk)]


def flow(seed, steps):
    """A case of so many steps."""
    def packets(talk):
        drawer = Drawer(seed)
        if talk.protocol == TCP:
            yield [talk.out(body=talk.out_body(flags=SYN, numbers=(1000, 0)))]
            yield [talk.back(body=talk.back_body(flags=SYN | ACK, numbers=(5000, 1001)))]
            yield [talk.out(body=talk.out_body(flags=ACK, numbers=(1001, 5001)))]
        else:
            yield [talk.out(b"request")]
        for _ in range(steps):
            yield drawer.step(talk)
    return packets


def cases(count, seed):
    """[(name, (case, protocol))] of so many packets or a few more."""
    steps = 4
    flows = -(-count // (AT_ONCE * steps))
    return [(f"drawn {number}", (flow(seed * 1000 + number, steps), (UDP, TCP, ICMP)[number % 3]))
            for number in range(flows)]
