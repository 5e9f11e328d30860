# SPDX-License-Identifier: BSD-3-Clause
"""The flows of a simulated cluster, and the tally of what becomes of them and of the addresses.

It sees all nodes at once, at true times. An address is owned twice while two nodes use it, and
unowned while none does. A flow is broken when a node begins to use its address and has no record of
it. One flow stands for `each` of a real gateway.
"""

RECORD_BYTES = 128  # docs/sync.md
TRY_AGAIN = 0.25


class Flows:
    def __init__(self, world):
        self.world = world
        self.settings = world.settings
        self.users = [set() for _ in range(self.settings.addresses)]
        self.standing = [{} for _ in range(self.settings.addresses)]  # flow: when it opened
        self.last_used = [0.0] * self.settings.addresses
        self.entries = {}     # flow: where its first packet came in
        self.next_flow = 0
        self.measured_from = float("inf")
        self.since = [0.0] * self.settings.addresses
        self.unowned = self.longest_unowned = self.twice_owned = 0.0
        self.twice_addresses = set()
        self.broken = {}      # flow: how old it was when its address was last used before
        self.opened = self.bulk_flows = self.new_flows = self.moves = 0

    # Which nodes use an address.

    def account(self, address):
        """Adds the time since the last change."""
        start = max(self.since[address], self.measured_from)
        passed = self.world.engine.now - start
        if passed > 0:
            if not self.users[address]:
                self.unowned += passed
                self.longest_unowned = max(self.longest_unowned, passed)
            elif len(self.users[address]) > 1:
                self.twice_owned += passed
                self.twice_addresses.add(address)
        self.since[address] = self.world.engine.now

    def begin(self, node, address):
        self.account(address)
        self.users[address].add(node.name)
        if self.world.engine.now >= self.measured_from:
            self.moves += 1
        table = node.handover.tables.setdefault(address, set())
        standing = self.standing[address]
        for flow in [flow for flow in standing if flow not in table]:
            self.broken[flow] = max(0.0, self.last_used[address] - standing.pop(flow))
            self.entries.pop(flow, None)
        self.world.routers.announce(node.name, address)

    def end(self, node, address):
        self.account(address)
        self.users[address].discard(node.name)
        self.last_used[address] = self.world.engine.now

    def finish(self):
        for address in range(self.settings.addresses):
            self.account(address)

    # Flows that open and end.

    def populate(self):
        """As many as stand after a long time, then one by one."""
        for _ in range(int(self.settings.rate * self.settings.lifetime)):
            self.open(self.world.random.randrange(self.settings.addresses), False)
        self.arrive()

    def arrive(self):
        self.open(self.world.random.randrange(self.settings.addresses), True)
        self.world.engine.after(self.world.random.expovariate(self.settings.rate), self.arrive)

    def open(self, address, is_told):
        user = next((self.world.nodes.get(name) for name in sorted(self.users[address])), None)
        if user is None:
            self.world.engine.after(TRY_AGAIN, self.open, address, is_told)
            return
        flow, self.next_flow = self.next_flow, self.next_flow + 1
        self.standing[address][flow] = self.world.engine.now
        self.entries[flow] = self.world.routers.inside(flow)
        self.opened += 1
        if is_told:
            user.handover.opened(address, flow)
        else:
            user.handover.tables[address].add(flow)
            user.handover.broken.add(address)  # so that all is told again
        lifetime = self.world.random.expovariate(1 / self.settings.lifetime)
        self.world.engine.after(lifetime, self.close, address, flow)

    def close(self, address, flow):
        self.standing[address].pop(flow, None)
        self.entries.pop(flow, None)

    # What nodes tell each other; records of flows that have ended are told as ended, and not here.

    def living(self, flows):
        return {flow for flow in flows if flow in self.entries}

    def count(self, flows):
        return len(self.living(flows))

    def told(self, count):
        self.bulk_flows += count

    def told_new(self):
        self.new_flows += 1

    def kill(self, node):
        """It is gone, with all that it knew."""
        for address in range(self.settings.addresses):
            if node.name in self.users[address]:
                self.end(node, address)
