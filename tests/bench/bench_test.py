#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""sluice-bench COMMAND: what it prints with --json is what others may rely on.

Figures are not looked at: a machine that runs tests is no place to measure.
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


def check(command, line):
    figure = json.loads(line)
    if list(figure) != KEYS:
        fail(f"keys {list(figure)}")
    if figure["bench"] != command or list(figure["case"]) != CASE_KEYS:
        fail(f"not a case of {command}: {line}")
    if not figure["min"] <= figure["value"] <= figure["max"] or figure["rounds"] < 1:
        fail(f"not the median of its rounds: {line}")
    if (figure["target"] is None) != (figure["reached"] is None):
        fail(f"a target that is neither reached nor missed: {line}")


def main():
    program, command = sys.argv[1:]
    run = subprocess.run([program, command, "--quick", "--no-huge", "--rounds", "2", "--json"],
                         stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        fail(f"exit code {run.returncode}")
    lines = run.stdout.splitlines()
    if not lines:
        fail("it prints nothing")
    for line in lines:
        check(command, line)
    print(f"ok: {len(lines)} lines")


if __name__ == "__main__":
    main()
