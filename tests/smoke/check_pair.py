#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that no flow of a pair of gateways has two translations.

check_pair.py COUNT FILE FILE    the output of sluicectl flows --json of each

A tuple that both have, of either direction, is of one and the same flow in both. They have as many
flows in common at least.
"""

import json
import sys

from check_claims import check_tuples


def key(flow, direction):
    return (flow["protocol"], *sorted(flow[direction].items()))


def both(flow):
    return key(flow, "original"), key(flow, "reply")


def main(count, *paths):
    lists = []
    for path in paths:
        with open(path, encoding="ascii") as file:
            lists.append(json.load(file))
        check_tuples(lists[-1])
    known = {flow_key: flow for flow in lists[0] for flow_key in both(flow)}
    common = 0
    for flow in lists[1]:
        for flow_key in both(flow):
            other = known.get(flow_key)
            if other and both(other) != both(flow):
                sys.exit(f"the two have other flows by one tuple: {other} and {flow}")
        common += both(flow)[0] in known
    if common < int(count):
        sys.exit(f"{common} flows are in both, and {count} are to be")
    print(f"{common} flows are in both, by the same ports")


if __name__ == "__main__":
    main(*sys.argv[1:])
