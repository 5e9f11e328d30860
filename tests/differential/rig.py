# SPDX-License-Identifier: BSD-3-Clause
"""Runs many scripts at once through gateways, one packet of each at a time."""

import time
from dataclasses import dataclass, field

import datagrams
import network
import packets
import state
from datagrams import ICMP, NUMBERS, ORIGINAL, WITH_PORTS, Path
from kernel import Kernel
from packets import Wait
from sluice import Sluice
from state import Outcome
from wire import Lost, Wire

FIRST_PORT, SERVER_PORT = 10000, 80
DEFAULTS = {"loose": 1, "liberal": 0, "ignore-invalid-rst": 0, "max-retrans": 3, "checksum": 1,
            "sctp-handshake": 3}  # seconds of the states that take three
MAX_SCRIPTS = 4096  # in one batch: marks are 16 bits wide


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


def build(script, packet, path, mark):
    if script.protocol != "tcp":
        return datagrams.build(packet, path, mark)
    isn = script.isn if packet.direction == ORIGINAL else script.isn[::-1]
    return packets.tcp_datagram(packet, path, isn, mark)


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

    def _path(self, index, script, direction):
        own = own_path(script.protocol, index)
        if direction == ORIGINAL:
            return own
        address, port = self.public.get(index, (network.PUBLIC, own.source_port))
        return Path(own.destination, address, own.destination_port, port)

    def send(self, burst):
        """[(index, script, packet)] → {index: Outcome}"""
        sent, keys, start = {}, {}, time.monotonic()
        for index, script, packet in burst:
            path = self._path(index, script, packet.direction)
            sent[index] = (packet.direction, build(script, packet, path, index))
            keys[index] = state.key(NUMBERS[script.protocol], own_path(script.protocol, index))
        at_client, at_server = self.wire.exchange(list(sent.values()))
        flows = self.gateway.flows()
        self.slowest = max(self.slowest, time.monotonic() - start)
        states = {index: flows.get(key) for index, key in keys.items()}
        fates = {index: "dropped" for index in sent}
        for here, seen_here in ((datagrams.REPLY, at_client), (ORIGINAL, at_server)):
            for seen in seen_here:
                direction, datagram = sent.get(seen.mark, (None, None))
                fates[seen.mark] = self._fate(seen, datagram, here == direction)
        for index, known in states.items():
            if known:
                self.public[index] = known.public
        return {index: Outcome(fates[index], states[index]) for index in sent}

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
    """Both gateways with the same settings. Use as a context."""

    TRIES = 5  # of a batch in which a packet was lost

    def __init__(self, settings, kinds=(Kernel, Sluice)):
        self.sides, self.reruns, self.begun = [], 0, 0
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
        return None

    def _run(self, scripts, visit, begin, between):
        if begin:
            begin()
        for side in self.sides:
            side.begin()
        self.begun = time.monotonic()
        alive = set(range(len(scripts)))
        for step in range(max(len(script.steps) for script in scripts)):
            alive = {index for index in alive if step < len(scripts[index].steps)}
            current = [(index, scripts[index], scripts[index].steps[step])
                       for index in sorted(alive)]
            self._wait([what.seconds for *_, what in current if isinstance(what, Wait)])
            burst = [entry for entry in current if not isinstance(entry[2], Wait)]
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
