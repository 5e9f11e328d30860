# SPDX-License-Identifier: BSD-3-Clause
"""What a gateway knows of a flow, and what became of a packet."""

from dataclasses import dataclass

from datagrams import ICMP, WITH_PORTS


def key(number, path):
    """By which a flow is known, from its original direction: (protocol, what tells it apart)."""
    apart = path.source_port if number in WITH_PORTS or number == ICMP else path.destination
    return number, apart


@dataclass(frozen=True)
class State:
    name: str         # of the TCP or SCTP state; empty for other protocols
    is_replied: bool
    is_assured: bool
    left: int         # seconds
    public: tuple     # (address, port) by which the outside knows the flow
    traffic: tuple    # (packets, bytes) of the original direction, and of the reply's

    def __str__(self):
        words = [self.name] * bool(self.name) + ["UNREPLIED"] * (not self.is_replied)
        counts = ["{} packets {} bytes".format(*each) for each in self.traffic]
        return " ".join(words + ["ASSURED"] * self.is_assured + [f"{self.left} s"] + counts)


@dataclass(frozen=True)
class Outcome:
    fate: str            # passed, untranslated, dropped, or altered: and how
    state: State | None  # None: no flow

    def __str__(self):
        return f"{self.fate}, {self.state or 'no flow'}"
