# SPDX-License-Identifier: BSD-3-Clause
"""Random connections: mostly sensible beginnings, then segments that are at, near or far from what
the two ends expect of one another.

The generator keeps a rough account of both ends, only to know where the edges of their windows are;
what is right is for the gateways to say.
"""

import random
from dataclasses import dataclass

from packets import ORIGINAL, REPLY, Packet, Wait
from rig import Script

WAIT = 3.5  # seconds: longer than timers may differ, so that a refresh shows


@dataclass
class End:
    """What the generator remembers of one end."""
    next: int = 0         # first sequence number not sent
    acked: int = 0        # by the peer
    win: int = 65535      # last advertised, scaled
    scale: int = 0
    offers: int | None = None


class Generator:
    FLAGS = (("A", 34), ("PA", 10), ("FA", 12), ("S", 7), ("SA", 7), ("R", 4), ("RA", 4), ("AU", 1),
             ("F", 1), ("-", 1), ("SF", 1), ("SR", 1), ("FPU", 1), ("SU", 1), ("SEC", 1), ("AE", 1))
    PLACES = (("next", 50), ("again", 10), ("edge", 16), ("below", 10), ("random", 6), ("zero", 4),
              ("far", 4))

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ends, self.isn = {}, {}

    def pick(self, weighted):
        return self.random.choices([what for what, _ in weighted],
                                   [weight for _, weight in weighted])[0]

    def script(self, name, waits):
        """`waits` are the steps at which time passes: the same ones for all of a batch."""
        self.ends = {ORIGINAL: End(), REPLY: End()}
        isn = tuple(self.pick(((self.random.randrange(1 << 32), 6),
                               ((1 << 32) - self.random.randrange(1, 3000), 2),
                               ((1 << 31) - self.random.randrange(3000), 1), (0, 1)))
                    for _ in range(2))
        self.isn = dict(zip((ORIGINAL, REPLY), isn))
        steps = self.beginning()
        length = self.random.randint(6, 14)
        while len(steps) < length:
            if self.random.random() < 0.06:
                steps += [steps[-1]] * self.random.randint(1, 4)  # sent again
            else:
                steps.append(self.segment())
        for at in waits:
            steps.insert(at, Wait(WAIT))
        return Script(name, steps, isn)

    def beginning(self):
        kind = self.pick((("handshake", 27), ("data", 20), ("closing", 16), ("syn", 6), ("anew", 8),
                          ("ignored", 6), ("midstream", 10), ("both", 5), ("nothing", 2)))
        if kind == "nothing":
            return [self.emit(ORIGINAL, self.pick(self.FLAGS), 0)]
        if kind == "midstream":
            length = self.pick(((0, 1), (100, 1)))
            return [self.emit(ORIGINAL, "A", 0, ack=self.random.choice((0, 1)), len=length)]
        steps = [self.syn(ORIGINAL, "S")]
        if kind == "both":
            steps.append(self.syn(REPLY, "S"))
        elif kind == "anew":
            steps += self.call(self.random.choice((1, 500, 300000)))
        elif kind != "syn":
            steps += [self.syn(REPLY, "SA"), self.emit(ORIGINAL, "A", 1, ack=1)]
        if kind == "ignored":
            steps += self.call(self.random.choice((2, 3000, 300000)))
        if kind == "closing":
            steps += self.closing()
        if kind == "data":
            for _ in range(self.random.randint(1, 3)):
                direction = self.random.choice((ORIGINAL, REPLY))
                steps.append(self.emit(direction, "PA", self.ends[direction].next,
                                       ack=self.peer(direction).next,
                                       len=self.random.choice((1, 100, 1400))))
        return steps

    def closing(self):
        """An orderly end, or the first part of one."""
        first = self.random.choice((ORIGINAL, REPLY))
        second = REPLY if first == ORIGINAL else ORIGINAL
        order = ((first, "FA"), (second, "A"), (second, "FA"), (first, "A"))
        return [self.emit(direction, flags, self.ends[direction].next, win=29200,
                          ack=self.peer(direction).next)
                for direction, flags in order[:self.random.randint(1, 4)]]

    def peer(self, direction):
        return self.ends[REPLY if direction == ORIGINAL else ORIGINAL]

    def call(self, seq):
        """Another SYN of the client's, its answer, and perhaps the ACK."""
        steps = [self.syn(ORIGINAL, "S", seq), self.syn(REPLY, "SA", self.ends[REPLY].next + 5000)]
        if self.random.random() < 0.7:
            steps.append(self.emit(ORIGINAL, "A", seq + 1, ack=self.ends[REPLY].next))
        return steps

    def syn(self, direction, flags, seq=0):
        options = {}
        if self.random.random() < 0.7:
            options["wscale"] = self.random.choice((0, 1, 2, 7, 14, 15))
        if self.random.random() < 0.5:
            options["sackok"] = True
        if self.random.random() < 0.3:
            options["mss"] = 1460
        ack = self.peer(direction).next if "A" in flags else None
        return self.emit(direction, flags, seq, ack=ack, **options)

    def emit(self, direction, flags, seq, ack=None, **rest):
        """The packet, and the account of it."""
        end, peer = self.ends[direction], self.peer(direction)
        rest.setdefault("win", self.pick(((65535, 5), (29200, 3), (1000, 2), (1, 1), (0, 1))))
        packet = Packet(direction, flags, seq, ack=ack, **rest)
        after = seq + packet.len + ("S" in flags) + ("F" in flags)
        if -1 << 20 < after - end.next < 1 << 20:
            end.next = max(end.next, after)
        if "S" in flags:
            end.offers = packet.wscale
            both = end.offers is not None and peer.offers is not None
            for each in (end, peer):
                each.scale = min(each.offers, 14) if both else 0
            end.win = packet.win
        else:
            end.win = packet.win << end.scale
        if ack is not None and ack <= peer.next:
            peer.acked = max(peer.acked, ack)
        return packet

    def place(self, end, peer):
        """A sequence number of `end`."""
        kind = self.pick(self.PLACES)
        near = self.random.choice((-1, 0, 1))
        if kind == "edge":
            return self.random.choice((end.acked + peer.win, end.acked + (peer.win >> peer.scale),
                                       end.next + peer.win, end.acked + 66000)) + near
        if kind == "below":
            return self.random.choice((end.next - peer.win, end.acked, end.next - 66000,
                                       end.next - (peer.win >> peer.scale))) + near
        return {"next": end.next, "again": end.acked, "zero": self.random.choice((0, 1)),
                "random": end.next + self.random.randint(-70000, 70000),
                "far": end.next + self.random.choice((-1, 1)) *
                self.random.randint(1 << 20, 1 << 31)}[kind]

    def segment(self):
        direction = self.random.choice((ORIGINAL, REPLY))
        end, peer = self.ends[direction], self.peer(direction)
        flags = self.pick(self.FLAGS)
        rest, ack = {}, None
        if "A" in flags and "R" in flags and self.random.random() < 0.15:
            pass  # an ACK of nothing, as some stacks send with every RST
        elif "A" in flags or self.random.random() < 0.05:
            ack = self.place(peer, end) if self.random.random() < 0.3 else peer.next
        if "S" in flags and self.random.random() < 0.6:
            rest = {"wscale": self.random.choice((0, 2, 7)), "sackok": self.random.random() < 0.5}
        if "S" not in flags and "R" not in flags:
            rest["len"] = self.pick(((0, 6), (1, 1), (100, 2), (1400, 1)))
            if self.random.random() < 0.08:
                left = self.place(peer, end)
                rest["sack"] = ((left, left + self.random.choice((1, 100, 1400))),)
                if self.random.random() < 0.3:
                    rest["sack"] += ((left - 3000, left - 1500),)
        if self.random.random() < 0.1:
            rest["timestamps"] = len(rest.get("sack", ())) < 2
        seq = self.place(end, peer)
        if "R" in flags and self.random.random() < 0.12:
            seq = -self.isn[direction]  # 0 on the wire: it answers what had no number to stand at
        return self.emit(direction, flags, seq, ack=ack, **rest)
