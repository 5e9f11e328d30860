#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""shown_test.py SLUICE: what README.md and docs/ show of command lines and of configuration files
is good, as `sluice --check` has it. Where they show a part (… or ..., or a file without ports), the
rest is that of a plain gateway."""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
ELLIPSES = ("…", "...")
COMMAND = re.compile(r" {4}(\$ )?([\w./-]*/)?sluice (--|…)")
MORE_FLAGS = re.compile(r" {5,}--")
ENTRY = re.compile(r" {4}(\[[a-z0-9]+\]|[a-z0-9-]+ = )")
FLAGS = {"lan": "tap:l0", "wan": "tap:w0", "lan-address": "10.1.0.1/24",
         "wan-address": "198.51.100.1/24", "gateway": "198.51.100.254", "wan-twin": "sl0"}
PAIR = "listen=192.0.2.1:3780,peer=192.0.2.2:3780"


def fail(message):
    print(f"not ok: {message}")
    sys.exit(1)


def completed(words, given):
    """With the flags of a plain gateway that are not given."""
    return words + [word for flag, value in FLAGS.items() if flag not in given
                    for word in ("--" + flag, value)]


def check(sluice, place, words):
    run = subprocess.run([sluice, "--check", *words], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        fail(f"{place}: {run.stderr.strip()}")


def commands(lines):
    """(line number, flags) of each, which may go over several lines."""
    for at, line in enumerate(lines):
        if not COMMAND.match(line):
            continue
        text = line
        for more in lines[at + 1:]:
            if not text.endswith("\\") and not MORE_FLAGS.match(more):
                break
            text = text.rstrip("\\") + " " + more
        words = shlex.split(text, comments=True)
        words = words[1 + [Path(word).name for word in words].index("sluice"):]
        flags = [word for word in words if word not in ELLIPSES]
        given = [word.removeprefix("--") for word in flags]
        yield at + 1, flags if len(flags) == len(words) else completed(flags, given)


def files(lines):
    """(line number, text) of each: indented lines, the first of which is an entry."""
    block = []
    for at, line in enumerate([*lines, "end"]):
        if block and (line.startswith("    ") or not line):
            block.append(line)
        elif block:
            yield at + 1 - len(block), "\n".join(block)
            block = []
        elif ENTRY.match(line) and not lines[at - 1].startswith("    "):
            block = [line]


def check_file(sluice, place, text):
    given = re.findall(r"^ *([a-z0-9-]+)\b", text, re.MULTILINE)
    pair = ["--sync", PAIR] if "sync-cert" in given and "sync" not in given else []
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        check(sluice, place, completed(["--config", file.name, *pair], given))


def main():
    sluice = sys.argv[1]
    shown = {"commands": 0, "files": 0}
    for path in (TREE / "README.md", *sorted((TREE / "docs").glob("*.md"))):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, flags in commands(lines):
            check(sluice, f"{path.name}:{number}", flags)
            shown["commands"] += 1
        for number, text in files(lines):
            check_file(sluice, f"{path.name}:{number}", text)
            shown["files"] += 1
    if not all(shown.values()):
        fail("nothing is shown")
    print("ok: {commands} commands, {files} files".format(**shown))


if __name__ == "__main__":
    main()
