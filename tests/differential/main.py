#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends the same packets through the running kernel and through sluice, and compares: see
scripts/differential."""

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from functools import partial

import cases
import datagrams
import packets
import random_datagrams
import record
import shrink
from compare import Comparison
from generate import Generator
from kernel import Kernel
from packets import Wait
from rig import DEFAULTS, MOST_AT_ONCE, Rig
from sluice import PORTS, Sluice

BATCH = 400  # scripts at once: timers run, so a step of all must not take long
BURST_SEED = 1000  # beyond those of the sequences
OTHERS = 4         # for so many of TCP one of another protocol, and one of TCP in fragments
SKIPPED = 77  # meson's exit code for a test that cannot run here


def is_about_to_expire(state, rest, slack):
    """Whether the flow may expire in one gateway before the next packet and in the other after it,
    for they are not read at the same moment: on a busy machine less than ever."""
    if state is None or not rest:
        return False
    pause = rest[0].seconds if isinstance(rest[0], Wait) else 0
    return -1.5 < state.left - pause < 2.5 + slack


def may_have_expired(outcomes, slack):
    """Whether the one that has no flow may have been read after the flow's end: a busy machine
    takes seconds from the packet to the reading."""
    states = [outcome.state for outcome in outcomes if outcome.state is not None]
    return len(states) == 1 and states[0].left <= 1 + slack


def may_be_a_stream(script, step, elapsed):
    """Whether two seconds may have passed for one gateway, and not yet for the other: then both
    directions are a stream. Where a script waits, they have passed for both."""
    return script.protocol == "udp" and elapsed > 1.5 and \
        not any(isinstance(before, Wait) for before in script.steps[:step])


class Trial:
    """Runs scripts through a rig and compares."""

    def __init__(self, rig, comparison):
        self.rig, self.comparison = rig, comparison
        self.packets = 0  # compared
        self.parted = 0   # scripts that ended early, where an intended difference begins
        self.cut = 0      # scripts that ended early, because a timer was about to run out

    def run(self, scripts):
        """{script index: (step index, differences, outcomes)} of those that differ."""
        failures = {}

        def visit(index, step, outcomes):
            self.packets += 1
            if may_have_expired(outcomes, self.rig.slack()) or \
                    may_be_a_stream(scripts[index], step, self.rig.elapsed()):
                self.cut += 1
                return False
            if self.comparison.have_parted(scripts[index].steps[step], *outcomes):
                self.parted += 1
                return False
            found = self.comparison.differences(scripts[index].steps[step], *outcomes,
                                                self.rig.slack())
            if found:
                failures[index] = step, found, outcomes
                return False
            if is_about_to_expire(outcomes[0].state, scripts[index].steps[step + 1:],
                                  self.rig.slack()):
                self.cut += 1
                return False
            return True

        self.rig.run(scripts, visit, failures.clear)
        return failures


def text(step):
    return datagrams.text(step) if isinstance(step, datagrams.Datagram) else packets.text(step)


def report(trial, script, settings):
    """Shrinks a script that differs and prints what is left of it."""
    small = shrink.shrink(trial, script)
    failures = trial.run([small])
    if not failures:
        print("(it agrees when it runs alone; as it was:)")
        small = script
    step, found, outcomes = failures.get(0, (len(small.steps) - 1, ["what it did before"], []))
    print(f"\ndiffers: {script.name}" + (f": {script.why}" if script.why else ""))
    print(f"settings {' '.join(f'{name} {value}' for name, value in settings.items())}, "
          f"isn {small.isn[0]} {small.isn[1]}, {trial.rig.at_once} at once")
    for line in small.steps[:step + 1]:
        print(f"    {text(line)}")
    print(f"in {', '.join(found)}:")
    for side, outcome in zip(trial.rig.sides, outcomes):
        print(f"    {side.gateway.name:7}{outcome}")


def compare_all(groups, most_reports, ports):
    """Runs [(settings, [script], at once)], sluice on such ports; how many scripts differ."""
    comparison, differing, total = Comparison(), 0, 0
    packets_compared = reruns = cut = parted = 0
    kinds = Counter()
    for settings, scripts, at_once in groups:
        with Rig(settings, kinds=(Kernel, partial(Sluice, ports=ports)), at_once=at_once) as rig:
            trial = Trial(rig, comparison)
            for batch in batches(scripts):
                failures = trial.run(batch)
                kinds.update(found for _, differences, _ in failures.values()
                             for found in differences)
                for index in sorted(failures)[:max(0, most_reports - differing)]:
                    report(trial, batch[index], settings)
                differing += len(failures)
                total += len(batch)
                if differing >= most_reports > 0 and differing:
                    break
            packets_compared += trial.packets
            parted += trial.parted
            reruns += rig.reruns
            cut += trial.cut
        if differing >= most_reports:
            break
    print(f"{total - differing} agreed, {differing} differ; {packets_compared} packets compared, "
          f"{parted} ended at an intended difference, {cut} cut short by a timer, "
          f"{reruns} batches run again for a lost packet")
    for what, count in kinds.most_common():
        print(f"    {count} in {what}")
    return differing


def batches(scripts):
    """Scripts whose waits are at the same steps run together, so that no one waits for another."""
    by_waits = {}
    for script in scripts:
        waits = tuple((at, step.seconds) for at, step in enumerate(script.steps)
                      if isinstance(step, Wait))
        by_waits.setdefault(waits, []).append(script)
    for group in by_waits.values():
        for first in range(0, len(group), BATCH):
            yield group[first:first + BATCH]


def random_scripts(count, seed, generator=None, batch=BATCH):
    """Every third batch lets time pass, twice."""
    what = "datagrams" if generator else "sequence"
    generator = generator or Generator(seed)
    chooser = random.Random(seed)
    scripts = []
    while len(scripts) < count:
        waits = sorted(chooser.sample(range(2, 7), 1)) if len(scripts) // batch % 3 == 2 else ()
        for _ in range(min(batch, count - len(scripts))):
            scripts.append(generator.script(f"{what} {len(scripts)} of seed {seed}", waits))
    return scripts


def random_others(count, seed, in_bursts):
    """[(settings, scripts)] of other protocols, and of TCP in fragments: with checksums that are
    looked at, and without. A third of each lets time pass."""
    groups, half = [], count // 2
    batch = min(BATCH, -(-half // 3))
    for checksum in (1, 0):
        seed += checksum
        generator = random_datagrams.Generator(seed, checksum, in_bursts)
        connections = random_scripts(half, seed, batch=batch)
        scripts = random_scripts(half, seed, generator, batch) + \
            [generator.cut_some(script) for script in connections]
        settings = DEFAULTS | {"checksum": checksum}
        groups.append((settings, [replace(script, settings=settings) for script in scripts]))
    return groups


def others_of(arguments):
    """As groups_of(), of all that is not TCP in whole packets."""
    single = [(settings, scripts, 1) for settings, scripts in
              random_others(arguments.sequences // OTHERS, arguments.seed, False)]
    bursts = [(settings, [script for script in scripts if not has_wait(script)], MOST_AT_ONCE)
              for settings, scripts in
              random_others(arguments.bursts // OTHERS, arguments.seed + BURST_SEED, True)]
    return [group for group in single + bursts if group[1]]


def has_wait(script):
    return any(isinstance(step, Wait) for step in script.steps)


def patient(script):
    """The script with timers of SCTP that do not run out while it runs. What they are by default,
    the record has."""
    if script.protocol != "sctp":
        return script
    return replace(script, settings=script.settings | {"sctp-handshake": 60})


def groups_of(arguments):
    """[(settings, scripts, packets at once)]: named cases by their own settings, sequences by the
    flags."""
    groups = {}
    if not (arguments.sequences or arguments.bursts) or arguments.case or arguments.cases or \
            arguments.file:
        for script in map(patient, cases.load(arguments.case, arguments.file)):
            groups.setdefault(tuple(script.settings.items()), []).append(script)
    given = {name: value for name, value in (("loose", arguments.tcp_loose),
                                             ("liberal", arguments.tcp_be_liberal))
             if value is not None}
    combinations = [DEFAULTS | {"loose": loose, "liberal": liberal} for loose, liberal in
                    ((1, 0), (0, 0), (1, 1), (0, 1))]
    combinations.append(DEFAULTS | {"ignore-invalid-rst": 1, "max-retrans": 1})
    combinations = [c for c in combinations if c | given == c]
    # Most of them where Linux starts.
    shares = [len(combinations) + 1] + [1] * (len(combinations) - 1)
    for number, settings in enumerate(combinations):
        if share := arguments.sequences * shares[number] // sum(shares):
            scripts = random_scripts(share, arguments.seed + number)
            groups.setdefault(tuple(settings.items()), []).extend(
                replace(script, settings=settings) for script in scripts)
    single = [(dict(settings), scripts, 1) for settings, scripts in groups.items()]
    return single + bursts_of(arguments)


def bursts_of(arguments):
    """The same in bursts: what waits, no burst can show."""
    if not arguments.bursts:
        return []
    groups = {tuple(DEFAULTS.items()): [
        script for script in random_scripts(arguments.bursts, arguments.seed + BURST_SEED)
        if not has_wait(script)]}
    for script in map(patient, cases.load(arguments.case, arguments.file)):
        if not has_wait(script):
            groups.setdefault(tuple(script.settings.items()), []).append(script)
    return [(dict(settings), scripts, MOST_AT_ONCE) for settings, scripts in groups.items()]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--sequences", type=int, default=0, metavar="N",
                        help="random connections, and exchanges of other protocols")
    parser.add_argument("--bursts", type=int, default=0, metavar="N",
                        help="the same in bursts, and the named cases likewise")
    parser.add_argument("--seed", type=int, default=int(time.strftime("%Y%m%d")), metavar="S",
                        help="of the random connections; the day's if not given")
    parser.add_argument("--cases", action="store_true",
                        help="the named cases, beside the sequences")
    parser.add_argument("--case", metavar="NAME", help="one named case")
    parser.add_argument("--file", choices=cases.FILES, help="the named cases of one file")
    parser.add_argument("--ports", choices=PORTS, default=PORTS[0],
                        help="the kind of sluice's ports; default: %(default)s")
    parser.add_argument("--tcp-loose", type=int, choices=(0, 1), help="only with this setting")
    parser.add_argument("--tcp-be-liberal", type=int, choices=(0, 1), help="only with this setting")
    parser.add_argument("--reports", type=int, default=1, metavar="N",
                        help="shrink and print so many differences, then stop")
    parser.add_argument("--record", metavar="DIRECTORY",
                        help="write down the kernel's answers in place of comparing")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        return SKIPPED
    for tool in ("ip", "nft", "ethtool"):
        if not shutil.which(tool):
            print(f"SKIP: {tool} is not installed")
            return SKIPPED
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    if arguments.record:
        named = [script for script in cases.load() if not script.settings["helper"]]
        arguments.sequences = arguments.sequences or 2000
        fresh = [script for _, scripts, _ in groups_of(arguments) for script in scripts]
        of = {protocol: [script for script in named if script.protocol == protocol]
              for protocol in ("tcp", "sctp")}
        record.record(arguments.record, {"cases": of["tcp"], "sequences": fresh,
                                         "sctp": of["sctp"]})
        return 0
    print(f"seed {arguments.seed}", flush=True)
    start = time.monotonic()
    differing = compare_all(groups_of(arguments) + others_of(arguments), arguments.reports,
                            arguments.ports)
    print(f"{time.monotonic() - start:.0f} s")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
