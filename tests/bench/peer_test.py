#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""peer_test.py BENCH: figures of others stand in the report beside ours, and bad files are refused.

The figures here are made up: nothing is measured.
"""

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

CASE = {"proto": "udp", "direction": "half", "order": "random", "burst": 32, "flows": 1024,
        "workers": 1}
OURS = {"bench": "forward", "case": CASE, "value": 100, "unit": "cycles/packet", "min": 90,
        "max": 125, "rounds": 7, "peer": None, "ratio": None, "target": 80, "reached": False}
RECORD = {"machine": "none", "rounds": 7, "busy": {}, "not_possible": [], "date": "2026-01-01",
          "figures": [OURS]}
THEIRS = {"peer": "other NAT 1.0", "bench": "forward", "case": CASE, "value": 400,
          "unit": "cycles/packet", "min": 360, "max": 450, "rounds": 3}


def fail(message):
    print(f"not ok: {message}")
    sys.exit(1)


def show(bench, folder, text):
    """The run of scripts/bench with a peer's file of such content, and its report."""
    peer, record, report = (folder / name for name in ("peer.json", "bench.json", "bench.html"))
    peer.write_text(text, encoding="utf-8")
    record.write_text(json.dumps(RECORD), encoding="utf-8")
    report.unlink(missing_ok=True)
    run = subprocess.run([bench, "--from", record, "--peer", peer, "--output", folder],
                         capture_output=True, text=True, check=False)
    return run, report.read_text(encoding="utf-8") if report.exists() else ""


def changed(**changes):
    return {**copy.deepcopy(THEIRS), **changes}


def check_good(bench, folder):
    alone = changed(bench="open", unit="flows/s", value=5000, min=5000, max=5000)
    apart = changed(case={**CASE, "burst": 256}, value=333, min=333, max=333)
    rows = [THEIRS, alone, apart]
    for text in ("\n".join(map(json.dumps, rows)) + "\n\n", json.dumps(rows, indent=1)):
        run, report = show(bench, folder, text)
        if run.returncode != 0:
            fail(f"a good file is refused: {run.stderr}")
        for cells in ("<td>cycles/packet</td><td>100</td>",
                      "<td>cycles/packet, other NAT 1.0</td><td>400</td><td>360 to 450</td>",
                      # 100 of 400; 90 of 450 and 125 of 360
                      "<td>times the cycles/packet of other NAT 1.0</td><td>0.25</td>"
                      "<td>0.20 to 0.35</td>",
                      "<td>flows/s, other NAT 1.0</td><td>5000</td>",
                      "<td>cycles/packet, other NAT 1.0</td><td>333</td>",
                      "Measured by the user: other NAT 1.0."):
            if report.count(cells) != 1:
                fail(f"the report does not say once: {cells}")
        has_plots = "no plots" not in run.stdout
        if has_plots and "<svg" not in report:
            fail("no plot")
    least = {key: value for key, value in THEIRS.items() if key not in ("min", "max", "rounds")}
    run, report = show(bench, folder, json.dumps(least))
    if run.returncode != 0 or "<td>400 to 400</td>" not in report:
        fail("one value without a range is refused")


def without(key):
    return {name: value for name, value in THEIRS.items() if name != key}


BAD = {
    "": "has no rows",
    "[]": "has no rows",
    "cycles: 400": "line 1 is not JSON",
    json.dumps(THEIRS) + "\n{": "line 2 is not JSON",
    "[1, ": "is not JSON",
    "[4]": "row 1 is not an object",
    json.dumps(without("peer")): 'line 1 has no "peer"',
    json.dumps(changed(peer=" ")): 'line 1 has no "peer"',
    json.dumps(changed(peer="sluice")): "names sluice",
    json.dumps(without("unit")): 'has no "unit"',
    json.dumps(changed(bench="latency")): '"bench" is none of forward,',
    json.dumps(without("case")): '"case" needs proto, direction, order, burst, flows, workers',
    json.dumps(changed(case={**CASE, "size": 64})): '"case" needs',
    json.dumps(changed(case={**CASE, "flows": "64 k"})): '"flows" of the case is not a count',
    json.dumps(changed(case={**CASE, "order": 1})): '"order" of the case is not a word',
    json.dumps(changed(value="400")): 'has no "value"',
    json.dumps(changed(value=True)): 'has no "value"',
    json.dumps(changed(value=-1, min=-1)): 'has no "value", or one below 0',
    json.dumps(changed(value=0, min=0)): 'has no "value" above 0',
    json.dumps(changed(value=float("nan"))): 'has no "value"',
    json.dumps(changed(max=399)): '"value" is not between "min" and "max"',
    json.dumps(changed(rounds=0)): '"rounds" is not a count',
}


def check_bad(bench, folder):
    for text, sentence in BAD.items():
        run, report = show(bench, folder, text)
        if run.returncode == 0 or report:
            fail(f"it takes {text!r}")
        said = run.stderr.strip()
        if sentence not in said or "\n" in said or not said.startswith("bench: "):
            fail(f"{text!r} is told as: {said}")
    run = subprocess.run([bench, "--from", folder / "bench.json", "--peer", folder / "none.json"],
                         capture_output=True, text=True, check=False)
    if run.returncode == 0 or "none.json: cannot be read: No such file" not in run.stderr:
        fail(f"a missing file is told as: {run.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_good(sys.argv[1], Path(folder))
        check_bad(sys.argv[1], Path(folder))
    print(f"ok: {len(BAD)} bad files, each by one sentence")


if __name__ == "__main__":
    main()
