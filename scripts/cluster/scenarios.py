# SPDX-License-Identifier: BSD-3-Clause
"""What happens to a simulated cluster: one function for each scenario, from the time on at which
all addresses have an owner and a copy."""

import itertools

from cluster.store import STORE
from cluster.world import cut_from_store


def steady(world):
    """Nothing."""
    later(world, 10)


def join(world):
    """One node more."""
    world.start(world.settings.nodes)
    later(world, 20)


def leave(world):
    """A node says that it goes, and hands over all it has."""
    world.nodes[0].leaving = True
    later(world, 25)


def rolling(world):
    """An upgrade: nodes leave and come back, one after the other; four of them."""
    for name in world.names()[:4]:
        world.nodes[name].leaving = True
        later(world, 12)
        if name not in world.nodes:
            world.start(name)
        later(world, 10)


def kill(world):
    """A node dies, without a word."""
    world.kill(0)
    later(world, 20)


def restart(world):
    """A process is killed, and is back after a second with nothing."""
    world.kill(0)
    later(world, 1)
    world.start(0)
    later(world, 25)


def kill_two(world):
    """Two nodes die at one moment, and what one has a copy of at the other is lost."""
    world.kill(0)
    world.kill(1)
    later(world, 20)


def partition_store(world):
    """A node does not reach the store for three TTLs, while all else is well."""
    cut_from_store(world, [0])
    later(world, 3 * world.settings.ttl)
    world.network.heal()
    later(world, 20)


def partition_node(world):
    """A node reaches neither the store nor another node for three TTLs."""
    cut_from_store(world, [0])
    world.network.cut([0], world.names())
    later(world, 3 * world.settings.ttl)
    world.network.heal()
    later(world, 20)


def partition_half(world):
    """Half of the nodes reach neither the store nor the other half for three TTLs."""
    names = world.names()
    some, others = names[::2], names[1::2]
    cut_from_store(world, some)
    world.network.cut(some, others)
    later(world, 3 * world.settings.ttl)
    world.network.heal()
    later(world, 25)


def store_election(world):
    """The store answers nobody for two seconds, as while it elects a leader."""
    cut_from_store(world, world.names())
    later(world, 2)
    world.network.heal()
    later(world, 15)


def store_away(world):
    """The store answers nobody for three TTLs."""
    cut_from_store(world, world.names())
    later(world, 3 * world.settings.ttl)
    world.network.heal()
    later(world, 25)


def stale_leader(world):
    """Some nodes' leases are kept alive by a leader of the store that is none any more."""
    world.store.stale_for |= {0, 1}
    later(world, 3 * world.settings.ttl)
    world.store.stale_for.clear()
    later(world, 20)


def store_fast(world):
    """The store's clock runs a third too fast, so leases end early; a node is cut from it."""
    world.store.clock.set_rate(1.5)
    later(world, 5)
    partition_store(world)


def late_answers(world):
    """The store's answers to a node take nearly two seconds, and then it hears no more of it."""
    world.network.extra[STORE, 0] = itertools.repeat(1.8)
    later(world, 5)
    world.network.cuts.add((0, STORE))
    later(world, 3 * world.settings.ttl)
    world.network.heal()
    world.network.extra.clear()
    later(world, 20)


def late_writes(world):
    """A node leaves; what it writes of its addresses comes when it has given up to wait."""
    node = world.nodes[0]
    ask = node.ask

    def ask_late(operation, arguments, answered):
        is_late = operation == "transact" and arguments[1][0] == "address"
        world.network.extra[0, STORE] = itertools.repeat(2.1 if is_late else 0.0)
        ask(operation, arguments, answered)
    node.ask, node.leaving = ask_late, True
    later(world, 20)
    world.network.extra.clear()
    node.ask = ask
    later(world, 15)


def slow_store(world):
    """Each twentieth message comes as much as 15 seconds late, while nodes come and go."""
    as_ever = world.settings.slow, world.settings.slow_by
    world.settings.slow, world.settings.slow_by = 0.05, 15.0
    for _ in range(3):
        world.start(len(world.nodes) + 100)
        later(world, 12)
        cut_from_store(world, [world.names()[1]])
        later(world, 8)
        world.network.heal()
        world.nodes[world.names()[0]].leaving = True
        later(world, 12)
    world.settings.slow, world.settings.slow_by = as_ever
    later(world, 40)


def lossy(world):
    """A tenth of all messages is lost, while a node joins, one leaves and one dies."""
    world.settings.loss = 0.1
    world.start(world.settings.nodes)
    later(world, 12)
    world.nodes[1].leaving = True
    later(world, 12)
    world.kill(2)
    later(world, 20)


def pause(world):
    """A process stands still for two TTLs, while its clock goes on."""
    halt(world, False)


def suspend(world):
    """A virtual machine stands still for two TTLs, and its clock with it."""
    halt(world, True)


def halt(world, clock_stops):
    node = world.nodes[0]
    rate = node.clock.rate
    node.pause(clock_stops)
    later(world, 2 * world.settings.ttl)
    node.go_on(rate)
    later(world, 20)


def skew(world):
    """A node whose clock is as slow as may be is cut from the store, those of all others are as
    fast."""
    clocks(world, world.settings.bound)


def drift(world):
    """Likewise, with rates that are a twelfth off."""
    clocks(world, 1 / 12)


def clocks(world, off):
    for name, node in world.nodes.items():
        node.clock.set_rate(1 - off if name == 0 else 1 + off)
    world.store.clock.set_rate(1 + off)
    later(world, 2 * world.settings.ttl)
    partition_store(world)


def churn(world):
    """Two minutes of whatever happens: nodes come, leave, die, stand still and are cut off."""
    random, settings = world.random, world.settings
    for turn in range(12):
        names = [name for name in world.names() if not world.nodes[name].leaving]
        name = random.choice(names)
        what = random.choice(["join", "leave", "kill", "pause", "store", "node"])
        if what == "join" or len(names) < max(3, settings.nodes // 2):
            world.start(settings.nodes + turn)
        elif what == "leave":
            world.nodes[name].leaving = True
        elif what == "kill":
            world.kill(name)
        elif what == "pause":
            node, rate = world.nodes[name], world.nodes[name].clock.rate
            node.pause(False)
            world.engine.after(random.uniform(0.1, 2 * settings.ttl), node.go_on, rate)
        else:
            cut_from_store(world, [name])
            if what == "node":
                world.network.cut([name], world.names())
            world.engine.after(random.uniform(0.1, 2 * settings.ttl), world.network.heal)
        later(world, random.uniform(0.5, 20))
    world.network.heal()
    later(world, 30)


def later(world, seconds):
    world.engine.run(world.engine.now + seconds)


ALL = {action.__name__.replace("_", "-"): action for action in (
    steady, join, leave, rolling, kill, restart, kill_two, partition_store, partition_node,
    partition_half, store_election, store_away, stale_leader, store_fast, late_answers, late_writes,
    slow_store, lossy, pause, skew, churn, suspend, drift)}
# What the protocol does not hold against: here addresses may be owned twice.
BEYOND = {"suspend", "drift"}
