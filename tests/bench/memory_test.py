#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""memory_test.py PROGRAM ARGUMENT...: a benchmark for which there is no memory says so, and ends.
"""

import resource
import subprocess
import sys

MOST_BYTES = 1 << 30


def main():
    run = subprocess.run(
        sys.argv[1:], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES)))
    if run.returncode != 2:
        sys.exit(f"not ok: exit code {run.returncode}: {run.stderr}")
    if run.stderr.count("\n") != 1 or "sluice-bench: there is not enough memory" not in run.stderr:
        sys.exit(f"not ok: {run.stderr}")
    print("ok")


if __name__ == "__main__":
    main()
