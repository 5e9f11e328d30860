#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends the same packets through Jool and through sluice, and compares what comes out, field by
field:

    main.py --prefix PREFIX [--named] [--case NAME] [--drawn COUNT] [--seed N] JOOL SLUICE

Each gateway is CLIENT_PID,SERVER_PID,MAC_INSIDE,MAC_OUTSIDE, the processes in the namespaces of its
ends. What compare.py excuses, docs/ipv6.md tells; with --named, all cases that have a name, each
difference that it tells of must be seen.
"""

import argparse
import ipaddress
import sys
import time

import compare
import drawn
import ends
import error_cases  # noqa: F401: it has cases, too
from cases import CASES
from talk import Talk

FIRST_PORT = 20000


def embedding(prefix):
    """IPv4 address → IPv6 address behind the prefix (RFC 6052 §2.2)."""
    network = ipaddress.ip_network(prefix)

    def embed(address):
        bytes_of_prefix = network.prefixlen // 8
        data = bytearray(network.network_address.packed)
        at = bytes_of_prefix
        for byte in address.packed:
            if at == 8:
                at += 1
            data[at] = byte
            at += 1
        return ipaddress.IPv6Address(bytes(data))
    return embed


class Pair:
    """A case that runs through both gateways, a step of both at a time."""

    def __init__(self, gateways, function, protocol, port):
        self.talks = [Talk(gateway, port, protocol) for gateway in gateways]
        self.steps = [function(talk) for talk in self.talks]
        self.seen = [None, None]

    def next(self, comparison):
        """([sent through the first], [what came out of each]); None at the case's end. Where
        `comparison` finds a difference, what may come late is waited for."""
        try:
            sent = [steps.send(seen) for steps, seen in zip(self.steps, self.seen)]
        except StopIteration:
            return None
        gateways = [talk.gateway for talk in self.talks]
        for gateway, packets in zip(gateways, sent):
            gateway.send(packets)
        self.seen = [gateway.receive() for gateway in gateways]
        for talk, seen in zip(self.talks, self.seen):
            talk.learn(seen)
        self._wait(sent[0], comparison)
        return sent[0], self._outcomes()

    def _outcomes(self):
        return [talk.outcome(seen) for talk, seen in zip(self.talks, self.seen)]

    def _wait(self, sent, comparison):
        """An answer to an end that has sent may come behind the other's mark, and what sluice says
        by itself behind both."""
        def differ():
            return comparison.differences(sent, self._outcomes())[0]
        if not differ():
            return
        gateways = [talk.gateway for talk in self.talks]
        for gateway in gateways:
            gateway.send(())
        for gateway, seen in zip(gateways, self.seen):
            seen += gateway.receive()
        deadline = time.monotonic() + ends.MOMENT
        while len(self.seen[1]) <= len(self.seen[0]) and time.monotonic() < deadline and differ():
            self.seen[1] += gateways[1].receive_more(deadline - time.monotonic())


def run(gateways, cases, comparison):
    for number, (name, (function, protocol)) in enumerate(cases):
        pair, step = Pair(gateways, function, protocol, FIRST_PORT + 2 * number), 0
        while found := pair.next(comparison):
            step += 1
            comparison.compare(f"{name}, step {step}", *found)


def parse_gateway(name, text, embed):
    *pids, inside, outside = text.split(",")
    macs = [bytes.fromhex(mac.replace(":", "")) for mac in (inside, outside)]
    return ends.Gateway(name, pids, macs, embed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--named", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--drawn", type=int, default=0)
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")),
                        help="of what is drawn; the day's if not given")
    parser.add_argument("gateways", nargs=2)
    arguments = parser.parse_args()
    embed = embedding(arguments.prefix)
    gateways = [parse_gateway(name, text, embed)
                for name, text in zip(("Jool", "sluice"), arguments.gateways)]
    named = [(name, found) for name, found in CASES.items()
             if arguments.named or name == arguments.case]
    comparison = compare.Comparison()
    start = time.monotonic()
    run(gateways, named + drawn.cases(arguments.drawn, arguments.seed), comparison)
    print(f"{arguments.prefix}: {comparison.packets} packets came out in {comparison.steps} steps, "
          f"of which {comparison.differing} differ; seed {arguments.seed}, "
          f"{time.monotonic() - start:.0f} s")
    unused = comparison.ids - comparison.used if arguments.named else ()
    if unused:
        print(f"docs/ipv6.md tells of differences that are none: {', '.join(sorted(unused))}")
    return 1 if comparison.differing or unused else 0


if __name__ == "__main__":
    sys.exit(main())
