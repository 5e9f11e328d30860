# SPDX-License-Identifier: BSD-3-Clause
"""Runs many scripts at once through gateways, one packet of each at a time."""

import time
from dataclasses import dataclass, field

import network
import packets
from kernel import Kernel
from packets import ORIGINAL, Packet, Path, Wait
from sluice import Sluice
from state import Outcome
from wire import Lost, Wire

FIRST_PORT, SERVER_PORT = 10000, 80
DEFAULTS = {"loose": 1, "liberal": 0, "ignore-invalid-rst": 0, "max-retrans": 3}
MAX_SCRIPTS = 4096  # in one batch: marks are 16 bits wide


@dataclass
class Script:
    """A connection: its packets and waits, and its initial sequence numbers."""
    name: str
    steps: list
    isn: tuple = (1000000, 5000000)
    why: str = ""
    settings: dict = field(default_factory=lambda: dict(DEFAULTS))


class Side:
    """One of the gateways, with its network."""

    def __init__(self, kind, settings):
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

    def begin(self):
        self.gateway.flush()
        self.public, self.slowest = {}, 0
        self.wire.rest()

    def _path(self, index, direction):
        own = FIRST_PORT + index
        if direction == ORIGINAL:
            return Path(network.CLIENT, network.SERVER, own, SERVER_PORT)
        address, port = self.public.get(index, (network.PUBLIC, own))
        return Path(network.SERVER, address, SERVER_PORT, port)

    def send(self, burst):
        """[(index, script, packet)] → {index: Outcome}"""
        sent, start = {}, time.monotonic()
        for index, script, packet in burst:
            isn = script.isn if packet.direction == ORIGINAL else script.isn[::-1]
            path = self._path(index, packet.direction)
            sent[index] = (packet.direction, packets.tcp_datagram(packet, path, isn, index))
        at_client, at_server = self.wire.exchange(list(sent.values()))
        flows = self.gateway.flows()
        self.slowest = max(self.slowest, time.monotonic() - start)
        states = {index: flows.get(FIRST_PORT + index) for index in sent}
        fates = {index: "dropped" for index in sent}
        for here, seen_here in ((packets.REPLY, at_client), (ORIGINAL, at_server)):
            for seen in seen_here:
                direction, datagram = sent.get(seen.mark, (None, None))
                fates[seen.mark] = self._fate(seen, datagram, here == direction)
        for index, state in states.items():
            if state:
                self.public[index] = state.public
        return {index: Outcome(fates[index], states[index]) for index in sent}

    def _fate(self, seen, datagram, is_expected):
        """What became of the datagram that was seen on one side."""
        if not is_expected:
            return f"answered with or turned into {seen.path} {seen.rest.hex()}"
        before = packets.read(b"\0" * 14 + datagram)
        if seen.rest != before.rest or seen.ttl != before.ttl - 1 or not seen.is_sound:
            return f"altered: {seen}"
        if seen.path == before.path:
            return "untranslated"
        return "passed" if self._is_translated(seen.path, before.path) else f"misled: {seen.path}"

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
    """Both gateways with the same settings. Use as a context."""

    TRIES = 5  # of a batch in which a packet was lost

    def __init__(self, settings, kinds=(Kernel, Sluice)):
        self.sides, self.reruns = [], 0
        try:
            for kind in kinds:
                self.sides.append(Side(kind, settings))
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
        return None

    def _run(self, scripts, visit, begin, between):
        if begin:
            begin()
        for side in self.sides:
            side.begin()
        alive = set(range(len(scripts)))
        for step in range(max(len(script.steps) for script in scripts)):
            alive = {index for index in alive if step < len(scripts[index].steps)}
            current = [(index, scripts[index], scripts[index].steps[step])
                       for index in sorted(alive)]
            self._wait([what.seconds for *_, what in current if isinstance(what, Wait)])
            burst = [entry for entry in current if isinstance(entry[2], Packet)]
            if between:
                between()
            if not burst:
                continue
            outcomes = [side.send(burst) for side in self.sides]
            for index, *_ in burst:
                if not visit(index, step, [outcome[index] for outcome in outcomes]):
                    alive.discard(index)

    @staticmethod
    def _wait(seconds):
        """The script's own: time that passes for the flows, of which no condition could tell."""
        if seconds:
            time.sleep(max(seconds))
