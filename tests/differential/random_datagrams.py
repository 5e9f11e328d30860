# SPDX-License-Identifier: BSD-3-Clause
"""Random exchanges of other protocols than TCP, and TCP in random fragments.

Whether a packet is sound, asked for, or of the flow at all is chance; what docs/differences.md has
in words, and no row of its tables can excuse, is left out: see Generator.
"""

import random
from dataclasses import replace

from datagrams import ORIGINAL, REPLY, Datagram
from packets import Packet, Wait
from rig import Script

WAIT = 3.5         # seconds: longer than timers may differ, and than an exchange becomes a stream
MOST_WHOLE = 1400  # bytes of payload that need no fragments
MOST_PIECES = 8
MOST_TCP_HEADER = 60

QUERIES = {"echo": "echo-reply", "timestamp": "timestamp-reply", "info": "info-reply",
           "mask": "mask-reply"}
ANSWERS = tuple(QUERIES.values())


class Generator:
    """Left out are: an ICMP error in fragments, and a wrong checksum in them; a first fragment
    without a whole header of TCP; what never becomes complete; a ping to the gateway itself, which
    Linux as compared does not answer."""

    PROTOCOLS = (("udp", 5), ("icmp", 4), ("gre", 2), ("esp", 1))
    LENGTHS = ((0, 2), (1, 2), (7, 1), (8, 2), (100, 4), (MOST_WHOLE, 2), (4000, 1))
    ERRORS = (("3/0", 2), ("3/1", 4), ("3/3", 6), ("3/4", 6), ("3/13", 2), ("4/0", 1), ("5/1", 2),
              ("11/0", 4), ("11/1", 2), ("12/0", 2))
    QUOTES = ((8, 8), (28, 3), (9, 1), (7, 2), (4, 1), (0, 1))

    def __init__(self, seed, checks, in_bursts):
        """`checks`: whether the gateways look at checksums; Linux takes UDP-Lite's wrongly. Of a
        burst the flow is read at its end: there nothing may differ on purpose."""
        self.random = random.Random(seed)
        self.checks, self.in_bursts = checks, in_bursts
        self.protocols = self.PROTOCOLS + ((("udplite", 2),) if not checks else ())

    def pick(self, weighted):
        return self.random.choices([what for what, _ in weighted],
                                   [weight for _, weight in weighted])[0]

    def script(self, name, waits):
        """`waits` are the steps at which time passes: the same ones for all of a batch."""
        protocol = self.pick(self.protocols)
        first = ORIGINAL if self.random.random() < 0.9 else REPLY
        query = self.random.choice(list(QUERIES))
        steps = [self.datagram(first, protocol, query)]
        length = self.random.randint(4, 10)
        while len(steps) < length:
            direction = self.random.choice((ORIGINAL, REPLY))
            make = self.error if self.random.random() < 0.2 else self.datagram
            steps.append(make(direction, protocol, query))
        for at in waits:
            steps.insert(at, Wait(WAIT))
        return Script(name, steps, protocol=protocol)

    def datagram(self, direction, protocol, query):
        length = self.pick(self.LENGTHS)
        if protocol == "gre" and self.in_bursts:
            length = max(length, 4)
        fields = {"len": str(length)}
        sum_of = self.pick((("", 16), ("bad", 1), ("none", 2 if protocol == "udp" else 0)))
        is_cut = length > MOST_WHOLE or length >= 100 and self.random.random() < 0.3
        if sum_of and protocol in ("udp", "icmp", "udplite") and not (is_cut and sum_of == "bad"):
            fields["sum"] = sum_of
        is_padded = protocol == "udp" and length <= 100 and self.random.random() < 0.02
        if is_padded and not is_cut and not self.in_bursts:
            fields["behind"] = str(self.random.choice((1, 4, 100)))
        if protocol == "udplite" and self.random.random() < 0.5:
            fields["cover"] = str(8 + self.random.randint(0, length))
        if is_cut:
            fields |= self.cutting(8 + length)
        what = self.message(direction, query) if protocol == "icmp" else ""
        return Datagram(direction, protocol, what, fields)

    def message(self, direction, query):
        """Of ICMP: as a rule what the flow is about. Another query would be another flow."""
        if direction == ORIGINAL:
            return query if self.random.random() < 0.9 else self.random.choice(ANSWERS)
        odd = sorted({*QUERIES, *ANSWERS} - {"echo"})
        return QUERIES[query] if self.random.random() < 0.9 else self.random.choice(odd)

    def error(self, direction, protocol, _):
        fields = {"error": self.pick(self.ERRORS), "quote": str(self.pick(self.QUOTES))}
        if fields["error"] == "3/4":
            fields["mtu"] = str(self.random.choice((0, 68, 576, 1400)))
        if self.checks and self.random.random() < 0.05:
            fields["sum"] = "bad"
        return Datagram(direction, protocol, "", fields)

    def cutting(self, bytes_, least=8):
        """The fields by which so many bytes go in fragments, in any order, some of them twice, but
        for the first. The last one to come is the one that was missing."""
        least = max(least, -(-bytes_ // MOST_PIECES))
        size = min(-(-self.random.randint(least, max(least, bytes_ // 2)) // 8) * 8, 1480)
        pieces = -(-bytes_ // size)
        order = list(range(pieces))
        if self.random.random() < 0.6:
            self.random.shuffle(order)
        for _ in range(self.random.choice((0, 0, 0, 1, 2))):
            at = self.random.randrange(len(order) - 1)
            if order[at] != 0:
                order.insert(self.random.randint(at + 1, len(order) - 1), order[at])
        return {"cut": str(size), "order": "-".join(map(str, order))}

    def cut_some(self, script):
        """The connection, of which some packets that carry enough come in fragments."""
        steps = [self.cut_packet(step) if isinstance(step, Packet) and step.len >= 100 and
                 self.random.random() < 0.5 else step for step in script.steps]
        return replace(script, name="cut " + script.name, steps=steps)

    def cut_packet(self, packet):
        fields = self.cutting(20 + packet.len, MOST_TCP_HEADER)
        return replace(packet, cut=int(fields["cut"]), order=fields["order"])
