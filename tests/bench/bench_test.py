#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""bench_test.py BENCH PROGRAM ARGUMENT...: what benchmarks print is what others may rely on.

Figures of time are not looked at: a machine that runs tests is no place to measure.
"""

import json
import subprocess
import sys

KEYS = ["bench", "case", "value", "unit", "min", "max", "rounds", "peer", "ratio", "target",
        "reached"]
CASE_KEYS = ["proto", "direction", "order", "burst", "flows", "workers"]


def fail(message):
    print(f"not ok: {message}")
    sys.exit(1)


def check(bench, line):
    figure = json.loads(line)
    if list(figure) != KEYS:
        fail(f"keys {list(figure)}")
    if figure["bench"] != bench or list(figure["case"]) != CASE_KEYS:
        fail(f"not a case of {bench}: {line}")
    if not figure["min"] <= figure["value"] <= figure["max"] or figure["rounds"] < 1:
        fail(f"not the median of its rounds: {line}")
    if (figure["target"] is None) != (figure["reached"] is None):
        fail(f"a target that is neither reached nor missed: {line}")
    # What is lost beside a flood is counted by the bench's own clock.
    if figure["unit"].endswith(("new flows lost", "connections lost")) and not figure["reached"]:
        fail(f"more is lost than may be: {line}")


def main():
    bench, *command = sys.argv[1:]
    run = subprocess.run([*command, "--quick", "--rounds", "2"], stdout=subprocess.PIPE, text=True,
                         check=False)
    if run.returncode == 77:
        sys.exit(77)  # it has said why this machine cannot
    if run.returncode != 0:
        fail(f"exit code {run.returncode}")
    lines = run.stdout.splitlines()
    if not lines:
        fail("it prints nothing")
    for line in lines:
        check(bench, line)
    print(f"ok: {len(lines)} lines")


if __name__ == "__main__":
    main()
