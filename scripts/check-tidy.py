#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs clang-tidy over lib, drivers and app, or these files: check-tidy.py BUILD_FOLDER [FILE ...]

No suite runs it: all sources of lib, a module's at once, take it 150 s of a CPU, and not all
modules can be read so. scripts/check-size.py and scripts/check-functions.py look for the same
without it.

It asks what .clang-tidy says: the length, the parameters and the nesting of functions. Each of
these can be told from a function alone, so a file that was found good is good wherever it is
included, and until it changes. What was found good is remembered by its content in the user's cache
folder, as ccache does it: the first run takes minutes, the next one looks at what changed, in
whatever tree. A header is looked at through a source that includes it.

Tests are left out: what Catch2's macros expand to is no function of ours.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compile_commands import commands_of

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["lib", "drivers", "app"]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
VERSION = "14"
SKIPPED = 77  # meson's number
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice-tidy"


def tidy_program():
    """The program of the version that the limits were set with, or None."""
    for name in (f"clang-tidy-{VERSION}", "clang-tidy"):
        if path := shutil.which(name):
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
            if re.search(rf"version {VERSION}\.", said.stdout):
                return path
    return None


def known(path, program):
    """What is there when this content has been found good."""
    hashed = hashlib.sha256(program.encode())
    for part in (ROOT / ".clang-tidy", path):
        hashed.update(b"\0" + part.read_bytes())
    return CACHE / hashed.hexdigest()


def with_headers(source):
    """The source and all headers of the tree that it includes."""
    found, open_ends = {source}, [source]
    while open_ends:
        path = open_ends.pop()
        folders = [path.parent, *(ROOT / part for part in PARTS), *path.parents]
        for name in INCLUDE.findall(path.read_text()):
            header = next((folder / name for folder in folders if (folder / name).is_file()), None)
            if header and header not in found and header.is_relative_to(ROOT):
                found.add(header)
                open_ends.append(header)
    return found


def compile_options(build):
    """{source: what of its compile command clang needs, too}"""
    kept = {}
    for source, words in commands_of(build):
        if any(source.is_relative_to(ROOT / part) for part in PARTS):
            kept[source] = [word for word in words
                            if word.startswith(("-I", "-isystem", "-D", "-std", "-march"))]
    return kept


def to_ask(covers, unknown):
    """The sources that cover what is not known to be good: themselves, or a header."""
    asked = {source for source in covers if source in unknown}
    covered = set().union(*(covers[source] for source in asked))
    for source in sorted(covers):
        if covers[source] & unknown - covered:
            asked.add(source)
            covered |= covers[source]
    return sorted(asked)


def ask(program, source, kept, build):
    """What it says of a source and its headers; nothing when all is well."""
    run = subprocess.run([program, "--quiet", str(source), "--", *kept], cwd=build,
                         capture_output=True, text=True, check=False)
    return run.stdout if run.returncode else ""


def main():
    build, *named = (Path(name).resolve() for name in sys.argv[1:])
    program = tidy_program()
    if not program:
        print(f"clang-tidy {VERSION} is not installed")
        return SKIPPED
    CACHE.mkdir(parents=True, exist_ok=True)
    options = compile_options(build)
    covers = {source: with_headers(source) for source in options}
    unknown = {path for paths in covers.values() for path in paths
               if not known(path, program).exists() and (not named or path in named)}
    told = {}

    def look_at(source):
        said = ask(program, source, options[source], build)
        if said:
            told[said] = source  # a header's fault is told once
        for path in covers[source] if not said else ():
            known(path, program).touch()

    asked = to_ask(covers, unknown)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(look_at, asked))
    print("\n".join(told) or f"{len(covers)} sources, {len(asked)} of them looked at now")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
