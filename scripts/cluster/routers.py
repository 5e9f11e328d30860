# SPDX-License-Identifier: BSD-3-Clause
"""The routers around a simulated cluster, and packets that find out which way they lead.

Inside, ECMP spreads packets over all gateways that announce a default route, by a hash of the
source. Outside, each address is routed to who announced it last. Both learn late. A packet that
comes to another gateway than the owner of its address is forwarded to that one; one that has been
forwarded is forwarded once more only by a gateway that has itself handed the address over.
"""

BUCKETS = 1024


class Routers:
    def __init__(self, world):
        self.world = world
        self.settings = world.settings
        self.hops = []
        self.buckets = []
        self.routes = {}
        self.counts = dict.fromkeys(("inside", "outside", "inside_forwarded", "outside_forwarded",
                                     "moved", "lost"), 0)

    # Inside.

    def set_hops(self, names):
        names = sorted(names)
        if names == self.hops:
            return
        if self.settings.ecmp == "modulo" or not self.buckets:
            self.buckets = [names[nth % len(names)] for nth in range(BUCKETS)] if names else []
        elif names:
            self.fill(names)
        self.hops = names

    def fill(self, names):
        """Resilient: buckets of who stays are kept, but for a fair share to who is new."""
        share = dict.fromkeys(names, BUCKETS // len(names))
        for name in names[:BUCKETS % len(names)]:
            share[name] += 1
        orphans = []
        for nth, name in enumerate(self.buckets):
            if share.get(name, 0) > 0:
                share[name] -= 1
            else:
                orphans.append(nth)
        wanting = [name for name in names for _ in range(share[name])]
        for nth, name in zip(orphans, wanting):
            self.buckets[nth] = name

    def inside(self, host):
        """Where a host's packets come in; a host has one flow here."""
        return self.buckets[(host * 2654435761 >> 7) % BUCKETS] if self.buckets else None

    def look_again(self):
        """Who has a lease announces the default route; that it is gone is seen soon after."""
        names = [name for name, node in self.world.nodes.items()
                 if node.is_up and not node.paused and not node.leaving
                 and node.is_valid()]
        self.world.engine.after(self.settings.route_delay, self.set_hops, names)
        self.world.engine.after(self.settings.route_delay, self.look_again)

    # Outside.

    def announce(self, name, address):
        delay = self.world.random.uniform(0.05, 2 * self.settings.route_delay)
        self.world.engine.after(delay, self.converge, name, address)

    def converge(self, name, address):
        if name in self.world.flows.users[address]:
            self.routes[address] = name

    # Packets.

    def sample(self):
        """One packet of some flow, from inside or outside."""
        world = self.world
        world.engine.after(1 / self.settings.samples, self.sample)
        address = world.random.randrange(self.settings.addresses)
        standing = world.flows.standing[address]
        if not standing or world.engine.now < world.flows.measured_from:
            return
        flow = world.random.choice(list(standing))
        if world.random.random() < 0.5:
            entry = self.inside(flow)
            self.counts["inside"] += 1
            self.counts["moved"] += entry != world.flows.entries[flow]
            self.follow(entry, address, "inside_forwarded")
        else:
            self.counts["outside"] += 1
            self.follow(self.routes.get(address), address, "outside_forwarded")

    def follow(self, name, address, forwarded):
        users = self.world.flows.users[address]
        for step in range(3):
            node = self.world.nodes.get(name)
            if node is None or not node.is_up or node.paused:
                break
            if name in users:
                self.counts[forwarded] += step > 0
                return
            next_name = node.owners.get(address, (None,))[0]
            if next_name in (None, name) or self.world.network.is_cut(name, next_name):
                break
            name = next_name
        self.counts["lost"] += 1
