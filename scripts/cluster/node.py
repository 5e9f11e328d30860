# SPDX-License-Identifier: BSD-3-Clause
"""A gateway of a simulated cluster: its lease, what it sees of the store, which addresses it uses.

This is the protocol of docs/scale-out.md as a gateway would run it, and nothing here reads another
clock than its own. A node uses an address while the store says that it has it under the node's
lease, and while no more than `use_for` has passed since it sent the last write that the store has
confirmed. Whoever takes an address that has become free waits `ttl` from the last such write of its
owner that he has heard of. What it does with the flows of its addresses is in handover.py.
"""

from cluster.handover import Handover
from cluster.store import STORE

ANSWER_WITHIN = 2.0
TICK = 0.25
TAKES_LATE = 2.0   # who has not the flows of an address leaves it so long to who has them
RANK_STEP = 0.25
GOES_AFTER = 1.0   # it forwards until routers have heard that it leaves


class Node:
    instances = 0

    def __init__(self, world, name, clock):
        Node.instances += 1
        self.world = world
        self.name = name
        self.instance = Node.instances
        self.clock = clock
        self.settings = world.settings
        self.is_up = True
        self.paused = False
        self.postponed = []
        self.leaving = False
        self.goes = False
        self.lease = 0
        self.member_revision = 0  # of its own key; what it writes holds only as long as that stands
        self.valid_until = float("-inf")
        self.lease_timer = 0
        self.joined = False
        self.attempt = 0  # to join
        self.is_renewing = False
        self.seen = 0
        self.reading = False
        self.active = ()
        self.members = {}  # name: (lease, instance, leaving)
        self.heard = {}    # name: when its last write was heard of
        self.owners = {}   # address: (owner, instance of the owner, instance that has a copy)
        self.revisions = {}
        self.free = {}     # address: (instances that have its flows, not to be taken before)
        self.owned = set()
        self.uses = set()
        self.handover = Handover(self)

    # What arrives, and what time brings: nothing while the process stands still, or is gone.

    def act(self, action, *arguments):
        if self.paused:
            self.postponed.append((action, arguments))
        elif self.is_up:
            action(*arguments)

    def after(self, delay, action, *arguments):
        self.world.engine.after(self.clock.true_delay(delay), self.act, action, *arguments)

    def ask(self, operation, arguments, answered):
        """Asks the store; answered() is told the result, or None where none comes in time."""
        waits = [True]

        def answer(result):
            if waits[0]:
                waits[0] = False
                answered(result)
        self.world.network.send(self.name, STORE, False, self.world.store.request, self.name,
                                operation, arguments, lambda result: self.act(answer, result))
        self.after(ANSWER_WITHIN, answer, None)

    def write(self, key, revision, value, lease, answered):
        """Writes a key that has that revision, unless a later renewal of this node came before."""
        compared = [(key, revision)]
        if "guard" not in self.settings.without:
            compared.append((("node", self.name), self.member_revision))
        self.ask("transact", (compared, key, value, lease), answered)

    # The lease.

    def start(self):
        self.world.store.watchers[self.name] = \
            lambda revision, changes: self.act(self.on_change, revision, changes)
        self.join()
        self.after(TICK, self.tick)

    def join(self):
        """A lease, and the node's own key under it; from then on it is a member."""
        self.attempt += 1
        attempt = self.attempt

        def granted(lease):
            if attempt == self.attempt and not self.joined:
                self.lease = lease or 0
                if lease:
                    self.put_member(0)
                else:
                    self.join()
        self.ask("grant", (self.settings.ttl,), granted)

    def put_member(self, revision):
        """Writes its own key, which proves that its lease lives, and outdates earlier writes."""
        lease, sent = self.lease, self.clock.local()

        def answered(written):
            if lease != self.lease:
                return
            if written:
                self.be_member(written)
                self.extend(sent)
                self.handover.settle()
            elif written == 0 or not self.joined:
                self.check_member(lease)
        key = ("node", self.name)
        value = (self.lease, self.instance, self.leaving)
        self.ask("transact", ([(key, revision)], key, value, self.lease), answered)

    def be_member(self, revision):
        self.member_revision = max(self.member_revision, revision)
        if not self.joined:
            self.joined = True
            self.read()
            if not self.is_renewing:
                self.is_renewing = True
                self.after(self.settings.renew_every, self.renew)

    def check_member(self, lease):
        """Its key was not written: an unanswered write came before, an earlier process of this name
        has its key still, or the lease is gone."""
        def answered(found):
            if lease != self.lease:
                return
            record = found[0] if found else None
            if record and record[2] == lease:
                self.be_member(record[1])
            elif not self.joined:
                self.after(1.0, self.join)
            elif found:
                self.lose_lease()
        self.ask("get", (("node", self.name),), answered)

    def renew(self):
        if not self.joined:
            self.is_renewing = False
            return
        self.after(self.settings.renew_every, self.renew)
        lease, sent = self.lease, self.clock.local()

        def kept(alive):
            if alive and lease == self.lease and "write" in self.settings.without:
                self.extend(sent)
        self.ask("renew", (lease,), kept)
        self.put_member(self.member_revision)

    def extend(self, sent):
        if "send-time" in self.settings.without:
            sent = self.clock.local()
        self.valid_until = max(self.valid_until, sent + self.settings.use_for)
        self.watch_lease()
        for address in self.owned - self.uses:
            self.use(address)

    def watch_lease(self):
        """The lease is looked at before every packet, so its end is met to the moment."""
        self.lease_timer += 1
        if self.clock.rate:
            self.world.engine.after(
                self.clock.true_delay(self.valid_until - self.clock.local()),
                self.at_lease_end, self.lease_timer)

    def at_lease_end(self, timer):
        if timer == self.lease_timer and self.is_up and not self.paused \
                and not self.is_valid():
            for address in list(self.uses):
                self.stop_using(address)

    def is_valid(self):
        return self.clock.local() < self.valid_until - 1e-9

    def lose_lease(self):
        """The store has ended it. Flows are kept: if nobody has taken their address they go on."""
        for address in list(self.uses):
            self.stop_using(address)
        self.lease, self.member_revision, self.valid_until = 0, 0, float("-inf")
        self.joined = False
        self.owned.clear()
        self.handover.forget()
        self.join()

    # What the store says.

    def read(self):
        if not self.reading:
            self.reading = True
            self.ask("read", (), self.on_read)

    def on_read(self, result):
        self.reading = False
        if result is None:
            self.after(0.2, self.read)
            return
        revision, keys = result
        if revision < self.seen:
            return
        self.seen = revision
        now = self.clock.local()
        # What was missed is not known: whoever is gone may have written just now.
        for name in set(self.members) | set(self.heard):
            self.heard[name] = now
        for name in list(self.members):
            if ("node", name) not in keys:
                self.members.pop(name)
        for address in range(self.settings.addresses):
            self.on_address(address, keys.get(("address", address)), True)
        for key, record in keys.items():
            if key[0] == "node":
                self.on_member(key[1], record)

    def on_change(self, revision, changes):
        if revision <= self.seen:
            return
        if revision != self.seen + 1:
            self.read()
            return
        self.seen = revision
        for (kind, which), record in changes:
            if kind == "node":
                self.on_member(which, record)
            else:
                self.on_address(which, record, False)

    def on_member(self, name, record):
        if record:
            self.members[name] = record[0]
            self.heard[name] = self.clock.local()
            if name == self.name and record[2] == self.lease:
                self.member_revision = max(self.member_revision, record[1])
        else:
            self.members.pop(name, None)

    def on_address(self, address, record, was_missed):
        if record:
            value, revision, lease = record
            if revision < self.revisions.get(address, 0):
                return
            self.revisions[address] = revision
            before = self.owners.get(address, (None, 0, 0))
            self.owners[address] = value
            self.free.pop(address, None)
            if value[0] == self.name and lease == self.lease and self.lease:
                self.owned.add(address)
                self.use(address)
                return
            self.leave_to_owner(address, before, value)
        else:
            owner, *holders = self.owners.pop(address, (None, 0, 0))
            if address not in self.free or owner is not None:
                now = self.clock.local()
                if owner == self.name or "wait" in self.settings.without:
                    wait_until = now
                else:
                    is_known = owner is not None and not was_missed
                    wait_until = self.settings.ttl + (self.heard.get(owner, now) if is_known
                                                      else now)
                self.free[address] = (holders, wait_until)
            self.revisions[address] = 0
            self.owned.discard(address)
            self.stop_using(address)

    def leave_to_owner(self, address, before, value):
        self.owned.discard(address)
        self.stop_using(address)
        if self.instance in before[1:] and self.instance not in value[1:]:
            self.handover.tables.pop(address, None)

    # The addresses.

    def use(self, address):
        if address in self.owned and address not in self.uses and self.is_valid() \
                and address not in self.handover.frozen and not self.paused:
            self.uses.add(address)
            self.world.flows.begin(self, address)

    def stop_using(self, address):
        if address in self.uses:
            self.uses.discard(address)
            self.world.flows.end(self, address)

    def candidates(self, address):
        """The members in the order in which they are to have it."""
        return self.world.ranked(self.active, address)

    def tick(self):
        self.after(TICK, self.tick)
        self.active = tuple(sorted(name for name, member in self.members.items() if not member[2]))
        if not self.is_valid() or not self.joined:
            return
        if not self.leaving:
            for address in list(self.free):
                self.take(address)
        self.handover.tick()
        if self.leaving and not self.owned and not self.goes:
            self.goes = True
            self.after(GOES_AFTER, self.go)

    def go(self):
        self.ask("revoke", (self.lease,), lambda result: None)
        self.world.gone(self)

    def take(self, address):
        holders, free_at = self.free[address]
        now = self.clock.local()
        if now < free_at:
            return
        if self.instance not in holders or address not in self.handover.tables:
            ranked = self.candidates(address)
            free_at += TAKES_LATE
            free_at += RANK_STEP * ranked.index(self.name) if self.name in ranked else TAKES_LATE
        if now < free_at:
            return
        self.free[address] = (holders, now + ANSWER_WITHIN)

        def answered(written):
            if written == 0 and address in self.free:  # a renewal came before: again
                self.free[address] = (holders, now)
        value = (self.name, self.instance, 0)
        self.write(("address", address), 0, value, self.lease, answered)

    # What befalls it.

    def pause(self, clock_stops):
        self.paused = True
        for address in self.uses:
            self.world.flows.end(self, address)
        if clock_stops:
            self.clock.set_rate(0.0)

    def go_on(self, rate):
        self.clock.set_rate(rate)
        self.watch_lease()
        for address in list(self.uses):  # it looks at its lease before it sends anything
            if self.is_valid():
                self.world.flows.begin(self, address)
            else:
                self.uses.discard(address)
        self.paused = False
        postponed, self.postponed = self.postponed, []
        for action, arguments in postponed:  # what was sent meanwhile is sent again
            self.world.engine.after(self.world.network.delay(), self.act, action, *arguments)
