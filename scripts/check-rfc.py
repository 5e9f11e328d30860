#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks docs/rfc-compliance.md: every requirement of the five RFCs has a row, every test that a
row names exists, what is met has a test, what a switch meets names a flag, all else says why."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/rfc-compliance.md"
ANSWERS = ("met", "by switch", "in part", "declined", "not yet")


def numbered(count):
    return {f"REQ-{number}" for number in range(1, count + 1)}


REQUIREMENTS = {
    "RFC 4787": numbered(14),
    "RFC 5382": numbered(10),
    "RFC 5508": numbered(11),
    "RFC 6888": numbered(15),
    "RFC 7857": {f"§{section}" for section in ("2.1", "2.2", "2.3", "3", "4", "5", "6", "7", "7.1",
                                               "8", "9", "10", "11", "12")},
}


def test_names():
    """Of Catch2, and smoke/FEATURE for tests/smoke/FEATURE_test.sh, vm/FEATURE likewise."""
    names = {f"{suite}/{path.name.removesuffix('_test.sh')}" for suite in ("smoke", "vm")
             for path in (ROOT / "tests" / suite).glob("*_test.sh")}
    literal = r'"((?:[^"\\]|\\.)*)"'
    for path in (ROOT / "tests").rglob("*.cc"):
        for found in re.finditer(rf"TEST_CASE\(\s*((?:{literal}\s*)+)", path.read_text()):
            names.add("".join(re.findall(literal, found[1])))
    return names


def flag_names():
    text = "".join(path.read_text() for path in (ROOT / "lib/config").glob("*flags.*"))
    return set(re.findall(r'^    \{"([a-z0-9-]+)"|timeout\("([a-z0-9-]+)"', text, re.MULTILINE))


def rows(text):
    """(RFC, cells) of each row."""
    rfc = ""
    for line in text.splitlines():
        if line.startswith("## "):
            rfc = line.removeprefix("## ").split(":")[0]
        elif line.startswith("|") and rfc and not re.match(r"\| (asks|---)|\|---|\| no\. ", line):
            yield rfc, [cell.strip() for cell in line.strip("|").split("|")]


def faults_of_row(cells, tests, flags):
    if len(cells) != 5:
        yield f"{len(cells)} cells, 5 expected"
        return
    _, _, answer, how, shown = cells
    named = re.findall(r"`([^`]+)`", shown)
    yield from (f"there is no test `{name}`" for name in named if name not in tests)
    if answer not in ANSWERS:
        yield f"`{answer}` is none of {', '.join(ANSWERS)}"
    if answer not in ("declined", "not yet") and not named:
        yield "no test shows it"
    if not how and answer != "met":
        yield "it does not say why, or how"
    named_flags = re.findall(r"--([a-z0-9-]+)", how)
    yield from (f"there is no flag --{name}" for name in named_flags if name not in flags)
    if answer == "by switch" and not named_flags:
        yield "no switch is named"


def main():
    tests = test_names()
    flags = {name for pair in flag_names() for name in pair if name}
    missing = {rfc: set(numbers) for rfc, numbers in REQUIREMENTS.items()}
    faults = []
    count = 0
    for rfc, cells in rows(DOCUMENT.read_text()):
        count += 1
        missing.get(rfc, set()).discard(re.match(r"(REQ-\d+|§[\d.]+|)", cells[0])[0])
        faults += [f"{rfc} {cells[0]}: {fault}" for fault in faults_of_row(cells, tests, flags)]
    faults += [f"{rfc}: no row for {number}" for rfc, numbers in missing.items()
               for number in sorted(numbers)]
    print("\n".join(faults) if faults else f"{count} requirements, each with an answer")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
