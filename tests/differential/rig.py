# SPDX-License-Identifier: BSD-3-Clause
"""Runs many scripts at once through gateways, a packet of each at a time, or in bursts several."""

import time
from dataclasses import dataclass, field

import datagrams
import fragments
import network
import packets
import state
from datagrams import ICMP, NUMBERS, ORIGINAL, TOLD, WITH_PORTS, Path
from kernel import Kernel
from packets import Wait
from sluice import Sluice
from state import Outcome
from wire import Lost, Wire

FIRST_PORT, SERVER_PORT = 10000, 80
FTP_DATA_PORT = 20
DEFAULTS = {"loose": 1, "liberal": 0, "ignore-invalid-rst": 0, "max-retrans": 3, "checksum": 1,
            "sctp-handshake": 3,  # seconds of the states that take three
            "helper": 0}          # 1: flows are FTP's or TFTP's; 2: PPTP's
MAX_SCRIPTS = 512  # in one batch
MARKS = 65536 // MAX_SCRIPTS  # of a script, one after the other: marks are 16 bits wide
MOST_AT_ONCE = 8   # packets of a script


@dataclass
class Script:
    """A connection: its packets and waits, and its initial sequence numbers."""
    name: str
    steps: list
    isn: tuple = (1000000, 5000000)
    why: str = ""
    protocol: str = "tcp"
    settings: dict = field(default_factory=lambda: dict(DEFAULTS))


def own_path(protocol, index):
    """Of the packets from inside: flows differ by their source port or identifier, or where a
    protocol has none, by their server."""
    number, own = NUMBERS[protocol], FIRST_PORT + index
    if number in WITH_PORTS:
        return Path(network.CLIENT, network.SERVER, own, SERVER_PORT)
    if number == ICMP:
        return Path(network.CLIENT, network.SERVER, own, 0)
    return Path(network.CLIENT, network.server(index), 0, 0)


def told_path(own, told):
    """Of the packets from inside of a flow that was foretold by the one with this path."""
    port = own.source_port + TOLD
    ports = {"active": (port, FTP_DATA_PORT), "passive": (port, port),
             "tftp": (own.source_port, port), "call": (own.source_port, SERVER_PORT)}[told]
    return Path(own.source, own.destination, *ports)


def build(script, packet, path, mark):
    if script.protocol != "tcp":
        return datagrams.build(packet, path, mark)
    isn = script.isn if packet.direction == ORIGINAL else script.isn[::-1]
    return packets.tcp_datagram(packet, path, isn, mark)


def marks(index, steps, first):
    """Of the packets of a script that go at once. They differ from those of a while before, for
    what is left of a datagram in fragments would be taken for a part of the next one."""
    return [index + (first + number) % MARKS * MAX_SCRIPTS for number in range(len(steps))]


def next_steps(steps, at, most):
    """The steps from `at` on that go at once: so many packets of one direction, or one wait."""
    end = at + 1
    while end < min(at + most, len(steps)) and not isinstance(steps[at], Wait) and \
            not isinstance(steps[end], Wait) and steps[end].direction == steps[at].direction:
        end += 1
    return steps[at:end]


class Side:
    """One of the gateways, with its network."""

    def __init__(self, kind, settings, at_once):
        self.at_once = at_once
        self.network = network.Network()
        self.gateway = None
        try:
            self.gateway = kind(self.network, settings)
            self.wire = Wire(self.network, self.gateway)
        except BaseException:
            self.close()
            raise
        self.public = {}  # index of a script → where the outside knows its flow
        self.slowest = 0  # seconds from a packet to the reading of its flow, at most
        self.next_mark = 0

    def begin(self):
        self.gateway.flush()
        self.public, self.slowest = {}, 0
        self.wire.rest()

    def _path(self, index, script, packet):
        own = own_path(script.protocol, index)
        path = told_path(own, packet.told) if packet.told else own
        if packet.direction == ORIGINAL:
            return path
        address, port = self.public.get(index, (network.PUBLIC, own.source_port))
        if path.source_port != own.source_port:
            port = path.source_port  # nobody else has it
        return Path(path.destination, address, path.destination_port, port)

    def send(self, burst):
        """[(index, script, [packet])] → {index: [Outcome]}: what became of each packet, and the
        flow as they have left it"""
        sent, wired, start = {}, [], time.monotonic()
        first, self.next_mark = self.next_mark, self.next_mark + self.at_once
        for index, script, steps in burst:
            for mark, packet in zip(marks(index, steps, first), steps):
                path = self._path(index, script, packet)
                datagram = build(script, packet, path, mark)
                sent[mark] = packet.direction, datagram
                cutting = packet.cutting()
                pieces = fragments.cut(datagram, *cutting) if cutting else [datagram]
                wired += [(packet.direction, piece) for piece in pieces]
        at_client, at_server = self.wire.exchange(wired, self.at_once > 1)
        flows = self.gateway.flows()
        self.slowest = max(self.slowest, time.monotonic() - start)
        states = {index: flows.get(state.key(NUMBERS[script.protocol],
                                             own_path(script.protocol, index)))
                  for index, script, _ in burst}
        fates = {mark: "dropped" for mark in sent}
        for here, seen_here in ((datagrams.REPLY, at_client), (ORIGINAL, at_server)):
            for seen in seen_here:
                direction, datagram = sent.get(seen.mark, (None, None))
                fates[seen.mark] = self._fate(seen, datagram, here == direction)
        for index, known in states.items():
            if known:
                self.public[index] = known.public
        return {index: [Outcome(fates[mark], states[index]) for mark in marks(index, steps, first)]
                for index, _, steps in burst}

    def _fate(self, seen, datagram, is_expected):
        """What became of the datagram that was seen on one side."""
        if not is_expected:
            return f"answered with or turned into {seen.path} {seen.rest.hex()}"
        before = datagrams.read(b"\0" * 14 + datagram)
        if seen.rest != before.rest or seen.ttl != before.ttl - 1 or \
                seen.is_sound != before.is_sound:
            return f"altered: {seen}"
        if seen.path == before.path:
            return "untranslated"
        if not self._is_translated(seen.path, before.path):
            return f"misled: {seen.path}"
        return "passed" if not seen.quote else f"passed, with a quote of {seen.quote}"

    @staticmethod
    def _is_translated(after, before):
        if before.source == network.CLIENT:
            return after.source == network.PUBLIC and \
                (after.destination, after.destination_port) == \
                (before.destination, before.destination_port)
        return after.destination == network.CLIENT and \
            (after.source, after.source_port) == (before.source, before.source_port)

    def close(self):
        if hasattr(self, "wire"):
            self.wire.close()
        if self.gateway:
            self.gateway.close()
        self.network.close()


class Rig:
    """Both gateways with the same settings. Use as a context. With `at_once` so many packets of a
    script go in one burst, of which the flow is read at the end."""

    TRIES = 5  # of a batch in which a packet was lost

    def __init__(self, settings, kinds=(Kernel, Sluice), at_once=1):
        assert at_once <= MOST_AT_ONCE
        self.at_once = at_once
        self.sides, self.reruns, self.begun = [], 0, 0
        try:
            for kind in kinds:
                self.sides.append(Side(kind, settings, at_once))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for side in self.sides:
            side.close()

    def slack(self):
        """Seconds by which timers may differ because the gateways were read at different times."""
        return sum(side.slowest for side in self.sides)

    def elapsed(self):
        """Seconds since the first packets of the batch, by now."""
        return time.monotonic() - self.begun

    def run(self, scripts, visit, begin=None, between=None):
        """Runs scripts (fewer than MAX_SCRIPTS) in step. After each packet `visit(script's index,
        step's index, outcomes)` tells whether the script goes on; `between` is called before each
        step. A batch in which a packet was lost is begun again: `begin` is called whenever it
        begins."""
        for attempt in range(self.TRIES):
            try:
                return self._run(scripts, visit, begin, between)
            except Lost as loss:
                self.reruns += 1
                if attempt == self.TRIES - 1:
                    raise RuntimeError(f"packets are lost again and again: {loss}") from loss
                # What is left of a datagram in fragments would be taken for a part of the next one.
                time.sleep(network.FRAGMENT_SECONDS + 1)
        return None

    def _run(self, scripts, visit, begin, between):
        if begin:
            begin()
        for side in self.sides:
            side.begin()
        self.begun = time.monotonic()
        at = dict.fromkeys(range(len(scripts)), 0)  # of those that go on: the next step
        while at := {index: step for index, step in at.items() if step < len(scripts[index].steps)}:
            current = [(index, scripts[index], next_steps(scripts[index].steps, step, self.at_once))
                       for index, step in at.items()]
            self._wait([steps[0].seconds for *_, steps in current if isinstance(steps[0], Wait)])
            burst = [entry for entry in current if not isinstance(entry[2][0], Wait)]
            if between:
                between()
            outcomes = [side.send(burst) for side in self.sides] if burst else []
            ended = {index for index, _, steps in burst
                     if not all(visit(index, at[index] + number,
                                      [outcome[index][number] for outcome in outcomes])
                                for number in range(len(steps)))}
            at = {index: at[index] + len(steps) for index, _, steps in current
                  if index not in ended}

    @staticmethod
    def _wait(seconds):
        """The script's own: time that passes for the flows, of which no condition could tell."""
        if seconds:
            time.sleep(max(seconds))
