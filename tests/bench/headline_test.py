#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""headline_test.py BENCH: the report begins with what flatters and what does not, side by side.

The figures here are made up: nothing is measured.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

VALUES = {("udp", "cycles/packet"): 100, ("udp", "times the floor probe"): 1.5,
          ("udp, sober", "cycles/packet"): 250, ("udp, sober", "times the floor probe"): 1.25,
          ("udp, IMIX", "cycles/packet"): 110, ("udp, IMIX", "times the floor probe"): 1.6,
          ("tcp", "cycles/packet"): 170, ("tcp", "times the floor probe"): 1.7}


def figure(proto, unit, value):
    case = {"proto": proto, "direction": "half", "order": "random", "burst": 32, "flows": 1 << 16,
            "workers": 1}
    return {"bench": "forward", "case": case, "value": value, "unit": unit, "min": value,
            "max": value, "rounds": 7, "peer": None, "ratio": None, "target": None, "reached": None}


def main():
    record = {"machine": "none", "rounds": 7, "busy": {}, "date": "2026-01-01",
              "figures": [figure(*key, value) for key, value in VALUES.items()]}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.json"
        file.write_text(json.dumps(record), encoding="utf-8")
        subprocess.run([sys.argv[1], "--from", file, "--output", folder], check=True)
        report = (Path(folder) / "bench.html").read_text(encoding="utf-8")
    row = "".join(f"<td>{cell}</td>" for cell in ("udp", "64 k", 100, "1.50", 250, "1.25", "2.50"))
    head, _, rest = report.partition("<h2>forward</h2>")
    if head.count("<tr>") != 2 or f"<tr>{row}</tr>" not in head:
        print(f"not ok: not one row of the two: {head}")
        sys.exit(1)
    if "<td>udp, IMIX</td>" not in rest or "<td>udp, sober</td>" not in rest:
        print("not ok: the table of all lacks a row")
        sys.exit(1)
    print("ok: side by side")


if __name__ == "__main__":
    main()
