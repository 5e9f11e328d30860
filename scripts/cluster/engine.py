# SPDX-License-Identifier: BSD-3-Clause
"""Time, clocks and messages of a simulated cluster.

Times are seconds. The engine's are true ones, which nobody in the cluster can read; each node has
a Clock, which starts anywhere and runs at a rate of its own. All chance comes from one generator,
so a seed gives one course of events.
"""

import heapq
import itertools

NOT_LATE = itertools.repeat(0.0)


class Engine:
    """A queue of what happens when."""

    def __init__(self):
        self.now = 0.0
        self.queue = []
        self.count = 0

    def after(self, delay, action, *arguments):
        self.count += 1  # of two at one time the first said comes first
        heapq.heappush(self.queue, (self.now + delay, self.count, action, arguments))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, action, arguments = heapq.heappop(self.queue)
            action(*arguments)
        self.now = until


class Clock:
    """A monotonic clock whose rate may change; at rate 0 it stands still."""

    def __init__(self, engine, offset, rate):
        self.engine = engine
        self.rate = rate
        self.reading = offset
        self.read_at = engine.now

    def local(self):
        return self.reading + (self.engine.now - self.read_at) * self.rate

    def set_rate(self, rate):
        self.reading, self.read_at = self.local(), self.engine.now
        self.rate = rate

    def true_delay(self, local_delay):
        """How long it truly takes until so much has passed by this clock."""
        return max(0.0, local_delay) / self.rate if self.rate else float("inf")


class Network:
    """Messages between ends that have names: delayed, lost and sent again, cut off.

    What goes over one connection (in_order) never overtakes what was sent before it; requests to
    the store have connections of their own. Between ends that are cut nothing arrives, nor what is
    on its way.
    """

    def __init__(self, engine, random, settings):
        self.engine = engine
        self.random = random
        self.settings = settings
        self.cuts = set()
        self.last = {}
        self.extra = {}  # (source, target): by how much each message is late, one by one
        self.messages = 0

    def is_cut(self, one, other):
        return (one, other) in self.cuts

    def cut(self, some, others):
        """Both ways; an end is never cut from itself."""
        pairs = {(one, other) for one in some for other in others if one != other}
        self.cuts |= pairs | {(other, one) for one, other in pairs}

    def heal(self):
        self.cuts.clear()

    def delay(self):
        settings, random = self.settings, self.random
        delay = settings.latency + random.expovariate(1 / settings.latency)
        if random.random() < settings.slow:
            delay += random.uniform(0, settings.slow_by)
        return delay

    def send(self, source, target, in_order, action, *arguments):
        self.messages += 1
        delay = self.delay() + next(self.extra.get((source, target), NOT_LATE))
        repetition = 0.2  # TCP's shortest, as Linux has it
        while self.random.random() < self.settings.loss:
            delay, repetition = delay + repetition, 2 * repetition
        if in_order:
            arrival = max(self.engine.now + delay, self.last.get((source, target), 0.0))
            self.last[source, target] = arrival
            delay = arrival - self.engine.now
        if not self.is_cut(source, target):
            self.engine.after(delay, self.deliver, source, target, action, arguments)

    def deliver(self, source, target, action, arguments):
        if not self.is_cut(source, target):
            action(*arguments)
