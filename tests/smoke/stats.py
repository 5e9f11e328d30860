#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reads the statistics of sluicectl stats --json.

stats.py get NAME...     <stats   counters, drop reasons, or dropped, their sum; a line each
stats.py sum             <stats   the sum rule; fails where the two sides differ
stats.py drops A B                the drop reasons that grew between two files: name, before, after
"""

import json
import sys


def get(stats, name):
    return next(stats[part][name] for part in ("packets", "drops", "flows", "events")
                if name in stats[part])


def sum_rule(stats):
    """received + originated = transmitted + consumed + held + Σ dropped"""
    packets = stats["packets"]
    came = packets["received"] + packets["originated"]
    dropped = sum(stats["drops"].values())
    went = packets["transmitted"] + packets["consumed"] + packets["held"] + dropped
    print(f"received {packets['received']} + originated {packets['originated']} = {came}; "
          f"transmitted {packets['transmitted']} + consumed {packets['consumed']} "
          f"+ held {packets['held']} + dropped {dropped} = {went}")
    return came == went


def drops_between(before, after):
    for reason, count in after["drops"].items():
        if count != before["drops"][reason]:
            print(reason, before["drops"][reason], count)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(command, *arguments):
    if command == "get":
        stats = json.load(sys.stdin)
        for name in arguments:
            print(get(stats, name))
    elif command == "sum":
        return 0 if sum_rule(json.load(sys.stdin)) else 1
    elif command == "drops":
        drops_between(load(arguments[0]), load(arguments[1]))
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
