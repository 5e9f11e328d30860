#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that each header compiles alone: check-headers.py BUILD_FOLDER

The ordinary build proves it for a header that some source file includes first, before anything
that could lend it a declaration. Only the others are compiled here, with the options of the
nearest source.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compile_commands import commands_of

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["lib", "drivers", "app", "tests"]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
NOT_FOR_A_CHECK = re.compile(r"-c|-M[DPQFG]*|-o|-Winvalid-pch")
TAKES_A_VALUE = re.compile(r"-M[QF]|-o")


def first_includes():
    """What the source files include first, as they write it."""
    for part in PARTS:
        for source in (ROOT / part).rglob("*.cc"):
            if match := INCLUDE.search(source.read_text()):
                yield match[1]
                yield str((source.parent / match[1]).relative_to(ROOT))


def names_of(header):
    """How a source file may write this header: from the root, from its part, from its folder."""
    path = header.relative_to(ROOT)
    return {str(path), *("/".join(path.parts[i:]) for i in range(1, len(path.parts) - 1))}


def is_proved(header, first):
    # The part of tests has no folders between: its headers are written by name alone.
    names = names_of(header)
    if header.parent == ROOT / "tests":
        names.add(header.name)
    return not names.isdisjoint(first)


def options_for(header, commands):
    """The compiler and its options for the source nearest to a header, of the program with the
    most include folders: a header may need what only its own program has."""
    def nearness(command):
        source, words = command
        return (sum(source.is_relative_to(folder) for folder in header.parents),
                sum(word.startswith("-I") for word in words))
    _, words = max(commands, key=nearness)
    kept = [word for before, word in zip([""] + words, words)
            if not NOT_FOR_A_CHECK.fullmatch(word) and not TAKES_A_VALUE.fullmatch(before)]
    return [*kept, "-fsyntax-only", "-x", "c++", "-include"]


def compile_alone(header, options, build):
    """What the compiler says of a file that holds this header alone; nothing when all is well."""
    run = subprocess.run([*options, str(header), "/dev/null"], cwd=build, capture_output=True,
                         text=True, check=False)
    return run.stderr if run.returncode else ""


def main():
    build = Path(sys.argv[1]).resolve()
    commands = list(commands_of(build))
    headers = [header for part in PARTS for header in sorted((ROOT / part).rglob("*.h"))]
    first = set(first_includes())
    rest = [header for header in headers if not is_proved(header, first)]
    with ThreadPoolExecutor(2) as pool:
        problems = list(filter(None, pool.map(
            lambda header: compile_alone(header, options_for(header, commands), build), rest)))
    print("\n".join(problems) or
          f"{len(headers)} headers, {len(rest)} of them compiled alone here")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
