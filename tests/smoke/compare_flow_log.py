#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""compare_flow_log.py COLLECTED EVENTS: whether what nfdump has read (-o json) is what sluicectl
events --json has said of translated flows: events, protocols, addresses and ports of both sides.
EVENTS may begin later than COLLECTED, so that it is what has to be found, once each."""

import collections
import json
import sys

NAMES = {"new": 4, "destroy": 5}
PROTOCOLS = {"tcp": 6, "udp": 17}


def collected(path):
    """nfdump ends with a list's bracket, or with none, by its version."""
    text = open(path).read().strip()
    if not text.startswith("["):
        text = "[" + text + "]"
    for record in json.loads(text):
        if record["proto"] not in PROTOCOLS.values():
            continue
        yield (
            int(record["nat_event_id"]), record["proto"],
            record["src4_addr"], record["src_port"], record["dst4_addr"], record["dst_port"],
            record["src4_xlt_ip"], int(record["src_xlt_port"]),
            record["dst4_xlt_ip"], int(record["dst_xlt_port"]))


def said(path):
    for line in open(path):
        event = json.loads(line)
        if event["event"] not in NAMES or event.get("protocol") not in PROTOCOLS:
            continue
        original, reply = event["original"], event["reply"]
        yield (
            NAMES[event["event"]], PROTOCOLS[event["protocol"]],
            original["src"], original["sport"], original["dst"], original["dport"],
            reply["dst"], reply["dport"], reply["src"], reply["sport"])


found = collections.Counter(collected(sys.argv[1]))
wanted = collections.Counter(said(sys.argv[2]))
missing = wanted - found
if missing or sum(wanted.values()) < 22:
    sys.exit(f"{sum(wanted.values())} events; not collected: {sorted(missing)}")
strangers = [record for record in found if not record[6].startswith("198.51.100.")]
if strangers:
    sys.exit(f"not translated: {strangers}")
