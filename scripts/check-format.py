#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that all C++ is as clang-format writes it, by .clang-format.

Other versions write some lines otherwise, so only the one that the rules name is asked; where it is
not installed, the check is skipped.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["lib", "drivers", "app", "tests"]
VERSION = "14"
SKIPPED = 77  # meson's number


def formatter():
    """The program of the right version, or None."""
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if path := shutil.which(name):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
            if re.search(rf"version {VERSION}\.", said.stdout):
                return path
    return None


def main():
    program = formatter()
    if not program:
        print(f"clang-format {VERSION} is not installed")
        return SKIPPED
    sources = sorted(str(path.relative_to(ROOT)) for part in PARTS
                     for path in (ROOT / part).rglob("*") if path.suffix in (".cc", ".h"))
    run = subprocess.run([program, "--dry-run", "--Werror", *sources], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    print(run.stderr or f"{len(sources)} files, all in form")
    return 1 if run.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
