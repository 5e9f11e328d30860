# SPDX-License-Identifier: BSD-3-Clause
"""The store of a simulated cluster: what of etcd the ownership of addresses needs.

One linearizable store, whichever of its machines is leader. Keys have a value, a revision and a
lease; a lease lives for its TTL by the store's clock from its last renewal, and takes its keys
along. As etcd, the store looks for leases that have run out twice a second, so they end late, and
tells watchers all that changes, in order.
"""

SEARCH_INTERVAL = 0.5
STORE = "store"


class Store:
    def __init__(self, world, clock):
        self.world = world
        self.clock = clock
        self.revision = 0
        self.keys = {}    # key: (value, revision, lease)
        self.leases = {}  # lease: [when it ends by the store's clock, its keys, TTL]
        self.next_lease = 1
        self.stale_for = set()  # nodes that ask a leader which is none any more
        self.watchers = {}
        self.writes = 0

    def request(self, name, operation, arguments, answer):
        """What a node asks for arrives."""
        if name in self.stale_for and operation != "renew":
            return
        if name in self.stale_for:  # it believes in its leases, and nobody else knows of that
            result = True
        else:
            result = getattr(self, operation)(*arguments)
        self.world.network.send(STORE, name, False, answer, result)

    def grant(self, ttl):
        lease, self.next_lease = self.next_lease, self.next_lease + 1
        self.leases[lease] = [self.clock.local() + ttl, set(), ttl]
        self.await_end(lease)
        return lease

    def renew(self, lease):
        if lease in self.leases:
            self.leases[lease][0] = self.clock.local() + self.leases[lease][2]
        return lease in self.leases

    def await_end(self, lease):
        left = self.leases[lease][0] - self.clock.local()
        late = self.world.random.uniform(0, SEARCH_INTERVAL)
        self.world.engine.after(self.clock.true_delay(left) + late, self.look_at, lease)

    def look_at(self, lease):
        if lease in self.leases:
            if self.leases[lease][0] <= self.clock.local():
                self.revoke(lease)
            else:
                self.await_end(lease)

    def revoke(self, lease):
        """Its keys go in one revision, as one change."""
        if lease not in self.leases:
            return False
        _, keys, _ = self.leases.pop(lease)
        gone = [key for key in sorted(keys, key=str) if key in self.keys]
        for key in gone:
            del self.keys[key]
        self.changed([(key, None) for key in gone])
        return True

    def transact(self, compared, key, value, lease):
        """Writes key, if each compared key has its revision (0: is not there) and the lease lives.
        The revision of what is written, or 0."""
        for other, revision in compared:
            if self.keys.get(other, (None, 0, 0))[1] != revision:
                return 0
        if lease not in self.leases:
            return 0
        if key in self.keys and self.keys[key][2] in self.leases:
            self.leases[self.keys[key][2]][1].discard(key)
        self.keys[key] = (value, self.revision + 1, lease)
        self.leases[lease][1].add(key)
        self.changed([(key, self.keys[key])])
        return self.revision

    def read(self):
        return self.revision, dict(self.keys)

    def get(self, key):
        return (self.keys.get(key),)

    def changed(self, changes):
        if not changes:
            return
        self.revision += 1
        self.writes += 1
        for name, told in self.watchers.items():
            if name in self.stale_for:
                continue
            self.world.network.send(STORE, name, True, told, self.revision, changes)
