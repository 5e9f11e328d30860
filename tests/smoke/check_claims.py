#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that nothing in a list of flows is claimed twice, and that some connections stand.

check_claims.py BLOCK-SIZE HOST FILE    <the output of sluicectl flows --json

No two flows have one tuple, of either direction, and all flows of TCP and UDP whose public ports
are in one block are one inside host's. The connections of HOST to an echo that FILE lists are there
still, by the same ports; where there is no FILE it is made. Prints how many flows, mappings and
contacts there are.
"""

import collections
import json
import os
import sys

NOBODY = "0.0.0.0"
ECHO = 7


def inside(flow):
    return flow["original"]["src"]


def check_tuples(flows):
    seen = {}
    for flow in flows:
        for direction in ("original", "reply"):
            key = (flow["protocol"], *sorted(flow[direction].items()))
            if key in seen:
                sys.exit(f"two have {key}: {seen[key]} and {flow}")
            seen[key] = flow


def check_blocks(flows, size):
    holders = {}
    for flow in flows:
        public = flow["reply"]
        if flow["protocol"] not in ("tcp", "udp") or public["dst"] == NOBODY:
            continue
        block = (public["dst"], public["dport"] // size)
        holder = holders.setdefault(block, inside(flow))
        if holder != inside(flow):
            sys.exit(f"{holder} and {inside(flow)} have ports of the block of {flow}")
    return len(holders)


def check_standing(flows, host, path):
    stand = {f"{flow['original']} {flow['reply']}\n" for flow in flows
             if inside(flow) == host and flow["original"].get("dport") == ECHO
             and flow.get("state") == "ESTABLISHED"}
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            file.writelines(sorted(stand))
    with open(path, encoding="ascii") as file:
        if gone := set(file) - stand:
            sys.exit("gone, or others by now:\n" + "".join(gone))


def main(size, host, path):
    flows = json.load(sys.stdin)
    check_tuples(flows)
    check_standing(flows, host, path)
    blocks = check_blocks(flows, int(size))
    kinds = collections.Counter(flow.get("kind", "flow") for flow in flows)
    print(", ".join(f"{count} {kind}s" for kind, count in sorted(kinds.items())),
          f"in {blocks} blocks")


if __name__ == "__main__":
    main(*sys.argv[1:])
