#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Three gateways' parts in a cluster over a real etcd: etcd_test.py AGENT

Each says when it begins to use an address, and when it last did. No two may use one at a time,
whatever happens to them: one is killed and comes back, one is cut from etcd and comes back, one
leaves, and etcd stands still for longer than a lease lives.
"""

import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

COUNT = 12
TTL = 5
USES_FOR = TTL * (1 - 2 / 1000) - 0.25
PATIENCE = 60
SKIPPED = 77


def fail(message):
    sys.exit(f"FAIL: {message}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            fail(f"not within {patience} s: {what}")
        time.sleep(0.01)


class Etcd:
    def __init__(self, folder):
        self.port, peers = free_port(), free_port()
        clients, peer = (f"http://127.0.0.1:{port}" for port in (self.port, peers))
        self.log = open(os.path.join(folder, "log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["etcd", "--data-dir", os.path.join(folder, "data"), "--listen-client-urls", clients,
             "--advertise-client-urls", clients, "--listen-peer-urls", peer,
             "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"],
            stdout=self.log, stderr=self.log)
        wait_for("etcd listens", self.listens)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.log.close()


class Way:
    """Between one agent and etcd. What is cut says nothing any more, as a cable that is pulled."""

    def __init__(self, port):
        self.target = port
        self.is_open = threading.Event()
        self.is_open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends = []
        self.start(self.accept)

    @staticmethod
    def start(action, *arguments):
        threading.Thread(target=action, args=arguments, daemon=True).start()

    def accept(self):
        while True:
            here, _ = self.listener.accept()
            self.start(self.connect, here)

    def connect(self, here):
        self.is_open.wait()
        there = socket.create_connection(("127.0.0.1", self.target))
        self.ends += [here, there]
        self.start(self.carry, here, there)
        self.start(self.carry, there, here)

    def carry(self, source, target):
        try:
            while data := source.recv(65536):
                self.is_open.wait()
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.is_open.clear()

    def heal(self):
        """Connections from before do not live on."""
        ends, self.ends = self.ends, []
        for end in ends:
            end.close()
        self.is_open.set()


class Agent:
    def __init__(self, program, name, way):
        self.name = name
        self.process = subprocess.Popen(
            [program, name, f"http://127.0.0.1:{way.port}", str(COUNT)], stdout=subprocess.PIPE,
            text=True)
        self.since = {}      # address: from when on it is used
        self.intervals = []  # (address, from, until)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            moment, what, address = line.split()
            if what == "+":
                self.since[address] = float(moment)
            else:
                self.intervals.append((address, self.since.pop(address), float(moment)))

    def end(self, how):
        """At the latest it used its addresses until it was gone."""
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.reader.join()
        gone = time.monotonic()
        self.intervals += [(address, since, gone) for address, since in self.since.items()]
        self.since.clear()
        return code


def used(agents):
    """Who uses each address, as they have said."""
    users = {}
    for agent in agents:
        for address in list(agent.since):
            users.setdefault(address, []).append(agent.name)
    return users


def are_spread(agents):
    users = used(agents)
    most = math.ceil(1.1 * COUNT / len(agents))
    shares = [sum(names == [agent.name] for names in users.values()) for agent in agents]
    return len(users) == COUNT and sum(shares) == COUNT and max(shares) <= most


def check_apart(agents):
    """No two have used one address at once."""
    by_address = {}
    for agent in agents:
        for address, since, until in agent.intervals:
            by_address.setdefault(address, []).append((since, until, agent.name))
    for address, intervals in by_address.items():
        intervals.sort()
        for (_, until, one), (since, _, other) in zip(intervals, intervals[1:]):
            if since < until and one != other:
                fail(f"{address} was used by {one} until {until} and by {other} from {since} on")
    return sum(map(len, by_address.values()))


def check(program, etcd):
    ways = {name: Way(etcd.port) for name in "abc"}
    a, b, c = (Agent(program, name, ways[name]) for name in "abc")
    everybody = [a, b, c]
    wait_for("each has its share", lambda: are_spread([a, b, c]))

    killed = time.monotonic()
    a.end(signal.SIGKILL)
    wait_for("others have a dead one's addresses", lambda: are_spread([b, c]))
    print(f"a died: all used {time.monotonic() - killed:.1f} s later")
    a = Agent(program, "a", ways["a"])
    everybody.append(a)
    wait_for("it is back and has its share", lambda: are_spread([a, b, c]))

    ways["b"].cut()
    cut = time.monotonic()  # whatever has been confirmed was sent before
    wait_for("who does not reach etcd stops", lambda: not b.since)
    stopped = max(until for _, _, until in b.intervals)
    if stopped > cut + USES_FOR + 0.01:
        fail(f"it stopped {stopped - cut} s after the cut")
    wait_for("others have what it had", lambda: are_spread([a, c]))
    print(f"b was cut off: it stopped {stopped - cut:.1f} s later, all used "
          f"{time.monotonic() - cut:.1f} s later")
    ways["b"].heal()
    wait_for("it is back and has its share", lambda: are_spread([a, b, c]))

    left = time.monotonic()
    if code := c.end(signal.SIGTERM):
        fail(f"c has left with exit code {code}")
    wait_for("others have what it had", lambda: are_spread([a, b]))
    print(f"c left: all used {time.monotonic() - left:.1f} s after it was told to")

    etcd.process.send_signal(signal.SIGSTOP)
    wait_for("without etcd all stop", lambda: not used([a, b]))
    etcd.process.send_signal(signal.SIGCONT)
    wait_for("with etcd all go on", lambda: are_spread([a, b]))

    for agent in (a, b):
        if code := agent.end(signal.SIGTERM):
            fail(f"{agent.name} has left with exit code {code}")
    print(f"{check_apart(everybody)} times an address was used, by one at a time")


def main(program):
    if shutil.which("etcd") is None:
        print("skipped: no etcd")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        etcd = Etcd(folder)
        try:
            check(program, etcd)
        finally:
            etcd.stop()


if __name__ == "__main__":
    main(sys.argv[1])
