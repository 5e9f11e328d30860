# SPDX-License-Identifier: BSD-3-Clause
"""A simulated cluster as a whole: nodes, store, network, routers and flows, and what came of it."""

import hashlib
import math
import random
from dataclasses import dataclass, field

from cluster.engine import Clock, Engine, Network
from cluster.flows import RECORD_BYTES, Flows
from cluster.node import Node
from cluster.routers import Routers
from cluster.store import STORE, Store

PROTECTIONS = ("margin", "send-time", "wait", "write", "guard")
GIVES_UP = 120.0
SETTLES = 4.0  # seconds beyond a TTL, until each address has an owner and a copy


@dataclass
class Settings:
    """Times in seconds; rates of clocks as parts of one."""
    nodes: int = 8
    addresses: int = 0         # of the pool; 0: 16 for each node
    ttl: float = 5.0
    margin: float = 0.25       # for what a worker has in its hands, and a turn
    bound: float = 0.001       # what a clock's rate may be off by
    drift: float = 0.0001      # what it is off by
    renew_every: float = 1.0
    latency: float = 0.0003    # of a message at least, and once more by chance
    loss: float = 0.0005
    slow: float = 0.001        # so many messages are late by as much as slow_by
    slow_by: float = 0.3
    sync_delay: float = 0.01   # until a flow that opens is told
    sync_rate: float = 188_000  # flows told a second: docs/continuity.md
    each: int = 100            # flows of a real gateway for which one stands
    rate: float = 0.0          # flows a second; 0: 20 for each node
    lifetime: float = 60.0
    cap: float = 1.1           # a node's share of the addresses, in fair ones; 0: as it comes
    route_delay: float = 0.3   # until routers see that a route has changed
    ecmp: str = "resilient"
    samples: float = 500.0     # packets a second that are followed
    without: tuple = field(default_factory=tuple)

    def __post_init__(self):
        self.addresses = self.addresses or 16 * self.nodes
        self.rate = self.rate or 20.0 * self.nodes
        bounded = self.ttl * (1 - 2 * self.bound) - self.margin
        self.use_for = self.ttl if "margin" in self.without else bounded


class World:
    def __init__(self, settings, seed):
        self.settings = settings
        self.random = random.Random(seed)
        self.engine = Engine()
        self.network = Network(self.engine, self.random, settings)
        self.store = Store(self, Clock(self.engine, 0.0, self.any_rate()))
        self.flows = Flows(self)
        self.routers = Routers(self)
        self.nodes = {}
        self.rankings = {}
        self.weights = {}
        self.left = 0
        Node.instances = 0

    def any_rate(self):
        return 1 + self.random.uniform(-self.settings.drift, self.settings.drift)

    # Rendezvous: each address puts all nodes into an order of its own.

    def ranked(self, active, address):
        """The nodes of active in the order in which they are to have the address."""
        if active not in self.rankings:
            self.rankings[active] = self.rank_all(active)
        return self.rankings[active][address]

    def rank_all(self, active):
        """For each address who comes first by its hash with him. Who has his share, and a little
        more, comes behind the next: so shares are fair, which those of the hash alone are not."""
        addresses, cap = self.settings.addresses, self.settings.cap
        most = math.ceil(cap * addresses / max(1, len(active))) if cap else addresses
        shares, orders = dict.fromkeys(active, 0), []
        for address in range(addresses):
            order = sorted(active, key=lambda name: self.weight(address, name))
            first = next((name for name in order if shares[name] < most), None)
            if first is not None:
                shares[first] += 1
                order.remove(first)
                order.insert(0, first)
            orders.append(order)
        return orders

    def weight(self, address, name):
        if (address, name) not in self.weights:
            self.weights[address, name] = hashlib.blake2b(f"{address} {name}".encode(),
                                                          digest_size=8).digest()
        return self.weights[address, name]

    # Nodes come and go.

    def start(self, name, rate=None):
        clock = Clock(self.engine, self.random.uniform(0, 1e6), rate or self.any_rate())
        node = self.nodes[name] = Node(self, name, clock)
        node.start()
        return node

    def kill(self, name):
        node = self.nodes.pop(name)
        node.is_up = False
        self.store.watchers.pop(name, None)
        self.flows.kill(node)

    def gone(self, node):
        """It has left."""
        self.left += 1
        self.kill(node.name)

    def owned_by(self, name):
        return sum(name in users for users in self.flows.users)

    def names(self):
        return sorted(self.nodes)

    # A run.

    def settle(self):
        for name in range(self.settings.nodes):
            self.engine.after(self.random.uniform(0, 0.5), self.start, name)
        self.routers.look_again()
        self.engine.run(self.settings.ttl + SETTLES)
        self.flows.populate()
        self.engine.run(self.engine.now + SETTLES)
        while not self.is_quiet() and self.engine.now < GIVES_UP:
            self.engine.run(self.engine.now + 1)
        self.flows.measured_from = self.engine.now
        self.sent_before = self.network.messages, self.store.writes
        self.told_before = self.flows.bulk_flows, self.flows.new_flows
        self.routers.sample()

    def is_quiet(self):
        """Each address has one owner, as it is to be, and a whole copy."""
        instances = {node.instance for node in self.nodes.values()}
        return all(len(users) == 1 for users in self.flows.users) and all(
            not node.handover.moving and not node.handover.broken
            and all(node.candidates(address)[0] == node.name
                    and (node.owners[address][2] in instances or len(instances) == 1)
                    for address in node.uses)
            for node in self.nodes.values())

    def result(self):
        flows, counts = self.flows, self.routers.counts
        flows.finish()
        lasted = self.engine.now - flows.measured_from
        shares = [self.owned_by(name) for name in self.names()]
        bulk = flows.bulk_flows - self.told_before[0]
        told = flows.new_flows - self.told_before[1]
        packets = counts["inside"] + counts["outside"]
        return {
            "seconds": round(lasted, 1), "addresses": self.settings.addresses,
            "flows": flows.opened, "broken": len(flows.broken),
            "oldest_broken_ms": round(1000 * max(flows.broken.values(), default=0.0), 1),
            "twice_owned_s": round(flows.twice_owned, 6),
            "twice_owned_addresses": len(flows.twice_addresses),
            "unowned_s": round(flows.unowned, 3),
            "longest_unowned_s": round(flows.longest_unowned, 3),
            "address_moves": flows.moves,
            "bulk_mb": round(bulk * self.settings.each * RECORD_BYTES / 1e6, 3),
            "new_flows_mb": round(told * self.settings.each * RECORD_BYTES / 1e6, 3),
            "inside_forwarded": share(counts["inside_forwarded"], counts["inside"]),
            "outside_forwarded": share(counts["outside_forwarded"], counts["outside"]),
            "moved_by_ecmp": share(counts["moved"], counts["inside"]),
            "lost": share(counts["lost"], packets),
            "largest_share": round(max(shares, default=0) * len(shares)
                                   / self.settings.addresses, 2),
            "store_writes_a_second": round((self.store.writes - self.sent_before[1]) / lasted, 1),
            "messages_a_second": round((self.network.messages - self.sent_before[0]) / lasted),
            "unowned_at_end": sum(not users for users in flows.users),
        }


def share(part, whole):
    return round(part / whole, 4) if whole else 0.0


def cut_from_store(world, names):
    world.network.cut([STORE], names)
