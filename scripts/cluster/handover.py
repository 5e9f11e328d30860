# SPDX-License-Identifier: BSD-3-Clause
"""The flows of a simulated gateway's addresses: copies at a neighbour, and moves to another owner.

An owner has the flows of its addresses, and tells each that opens to the node that has the copy.
To move an address it tells all its flows, stops to use it, tells the rest, and writes the new owner
into the store; in between nobody uses it. Where no answer of that write comes it uses the address
again only when the write can have no effect any more.
"""

ACKNOWLEDGED_WITHIN = 1.0
AT_ONCE = 32  # addresses on their way from one node


class Handover:
    def __init__(self, node):
        self.node = node
        self.world = node.world
        self.settings = node.settings
        self.tables = {}     # address: its flows
        self.moving = {}     # address: [target, whether it is to be the owner, how far it is]
        self.frozen = set()  # not to be used: the last of its flows is on its way
        self.uncertain = {}  # address: the revision of the node's own key by which it was written
        self.broken = set()  # addresses whose copy lacks something
        self.sends_until = 0.0

    def forget(self):
        self.moving.clear()
        self.frozen.clear()
        self.uncertain.clear()
        self.broken.clear()

    def tick(self):
        node = self.node
        for address in sorted(node.uses):
            if address in self.moving or len(self.moving) >= AT_ONCE:
                continue
            ranked = node.candidates(address)
            if ranked and ranked[0] != node.name:
                self.tell_all(address, ranked[0], True)
                continue
            holder = next((name for name in ranked if name != node.name), None)
            if holder is not None and (node.owners[address][2] != node.members[holder][1]
                           or address in self.broken):
                self.tell_all(address, holder, False)

    # All flows of an address, to a node that is to have them.

    def tell_all(self, address, target, moves):
        state = self.moving[address] = [target, moves, "telling"]
        now = self.node.clock.local()
        count = self.world.flows.count(self.tables[address])
        self.sends_until = max(self.sends_until, now) + \
            count * self.settings.each / self.settings.sync_rate
        self.node.after(self.sends_until - now, self.told_all, address, state)

    def told_all(self, address, state):
        if self.moving.get(address) is not state:
            return
        if address not in self.node.uses:
            del self.moving[address]
            return
        state[2] = "told"
        self.broken.discard(address)
        self.node.after(ACKNOWLEDGED_WITHIN, self.give_up, address, state, "told")
        self.send_table(address, state, True, self.acknowledged)

    def send_table(self, address, state, whole, acknowledged):
        target = state[0]
        flows = self.world.flows.living(self.tables[address])

        def arrived():
            peer = self.world.nodes.get(target)
            if peer and peer.is_up:
                peer.act(taken, peer)

        def taken(peer):
            if peer.name == peer.owners.get(address, (None,))[0] and address in peer.owned:
                return  # late: it has become the owner
            peer.handover.tables[address] = set(flows)
            if whole:
                self.world.flows.told(len(flows))
            self.world.network.send(target, self.node.name, True, self.node.act, acknowledged,
                                    address, state)
        self.world.network.send(self.node.name, target, True, arrived)

    def give_up(self, address, state, stage):
        """The peer has not answered: it is away, and all goes on as before."""
        if self.moving.get(address) is state and state[2] == stage:
            del self.moving[address]
            self.frozen.discard(address)
            self.broken.add(address)
            self.node.use(address)

    def acknowledged(self, address, state):
        node = self.node
        if self.moving.get(address) is not state or address not in node.uses or state[2] != "told":
            return
        target, moves, _ = state
        if target not in node.members:
            del self.moving[address]
        elif moves:
            state[2] = "stopped"
            self.frozen.add(address)
            node.stop_using(address)
            node.after(ACKNOWLEDGED_WITHIN / 2, self.give_up, address, state, "stopped")
            self.send_table(address, state, False, self.hand_over)
        else:
            state[2] = "written"
            value = (node.name, node.instance, node.members[target][1])
            node.write(("address", address), node.revisions[address], value, node.lease,
                       lambda written: self.noted(address, state, value, written))

    def noted(self, address, state, value, written):
        """From now on the holder is told as the note says, so the note has to be known by now."""
        if self.moving.get(address) is not state:
            return
        del self.moving[address]
        node = self.node
        if written is None:
            self.broken.add(address)
        elif written > node.revisions.get(address, 0) and address in node.owned:
            node.revisions[address], node.owners[address] = written, value

    # The last step of a move.

    def hand_over(self, address, state):
        node = self.node
        if self.moving.get(address) is not state or state[2] != "stopped":
            return
        target = state[0]
        if address not in node.owned or target not in node.members:
            self.resume(address)
            return
        state[2] = "written"
        guard = node.member_revision
        lease, instance, _ = node.members[target]
        value = (target, instance, node.instance)

        def answered(written):
            if self.moving.get(address) is not state:
                return
            if written:
                if node.revisions.get(address, 0) < written:
                    node.revisions[address], node.owners[address] = written, value
                node.owned.discard(address)
                self.resume(address)
            elif written == 0:
                self.resume(address)
            else:
                self.uncertain[address] = guard
                if "guard" in self.settings.without:
                    self.settle()
        node.write(("address", address), node.revisions[address], value, lease, answered)

    def resume(self, address):
        self.moving.pop(address, None)
        self.uncertain.pop(address, None)
        self.frozen.discard(address)
        self.node.use(address)

    def settle(self):
        """The node's own key has been written anew: what was written before, and has not been
        answered, has had its effect by now or will have none."""
        node = self.node
        for address, guard in list(self.uncertain.items()):
            if guard >= node.member_revision and "guard" not in self.settings.without:
                continue

            def answered(found, address=address):
                if found is None or address not in self.uncertain:
                    return
                record = found[0]
                if record and record[0][0] == node.name and record[2] == node.lease:
                    node.revisions[address] = record[1]
                else:
                    node.owned.discard(address)
                self.resume(address)
            node.ask("get", (("address", address),), answered)

    # Flows that open.

    def listeners(self, address):
        """Who is told of a flow: the holder of the copy, and who is about to have the flows."""
        node = self.node
        holder = node.owners.get(address, (None, 0, 0))[2]
        names = {name for name, member in node.members.items() if member[1] == holder and holder}
        if address in self.moving and self.moving[address][2] != "telling":
            names.add(self.moving[address][0])
        return sorted(names - {node.name})

    def opened(self, address, flow):
        self.tables.setdefault(address, set()).add(flow)
        for target in self.listeners(address):
            self.node.after(self.settings.sync_delay, self.tell, address, flow, target)

    def tell(self, address, flow, target):
        peer = self.world.nodes.get(target)
        if peer is None or self.world.network.is_cut(self.node.name, target):
            self.broken.add(address)
            return
        self.world.network.send(self.node.name, target, True, peer.act, peer.handover.on_told,
                                address, flow)

    def on_told(self, address, flow):
        if address in self.tables:
            self.tables[address].add(flow)
            self.world.flows.told_new()
