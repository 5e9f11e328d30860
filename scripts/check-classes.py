#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the size of classes: their own functions, and their lines over all their sources.

A function that is cut in three is short, and the class that has all three is not smaller. So this
counts what a reader must hold in mind: the functions that a class declares (less those that are
defaulted or deleted), and the lines of its body and of all its definitions, in whatever files.

Classes are found by their form, which clang-format fixes. With -v it prints what each has.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_FUNCTIONS = 32
MAX_LINES = 400

CLASS = re.compile(r"^( *)(?:class|struct) (?:alignas\(\w+\) )?(\w+)(?: final)?(?: : [^;]*)? \{$")
DEFINITION = re.compile(r"^[\w\[\]][^;={]*?\b(\w+)::(?:~?\w+|operator[^\s\w]+)\(")
NOT_A_FUNCTION = re.compile(r"^(?:using|friend|enum|static_assert|struct|class|return|//|#)")
ADORNMENT = re.compile(r"\[\[\w+\]\] ?|alignas\([^)]*\) ?|template <[^>]*> ?|decltype\([^)]*\)")


def declares_function(line):
    """Whether a line of a class's body, at its members' indentation, begins a function."""
    line = ADORNMENT.sub("", line.strip())
    before, parenthesis, after = line.partition("(")
    if not parenthesis or NOT_A_FUNCTION.match(line) or re.search(r"= (?:default|delete);$", after):
        return False
    if "operator" in before:
        return True
    return not re.search(r"[={\[]", before) and before.count("<") == before.count(">")


def end_of(lines, first, closing):
    """The index of the line that closes what `first` opens."""
    return next((i for i in range(first, len(lines)) if lines[i].startswith(closing)), first)


def measure_bodies(lines, size):
    for first, line in enumerate(lines):
        if match := CLASS.match(line):
            margin, name = match[1], match[2]
            end = end_of(lines, first, margin + "};")
            members = re.compile(rf"{margin}    [^ }}:]")
            size[name][0] += sum(declares_function(inside) for inside in lines[first + 1:end]
                                 if members.match(inside))
            size[name][1] += end - first + 1


def measure_definitions(lines, size):
    for first, line in enumerate(lines):
        if match := DEFINITION.match(line):
            is_one_line = line.endswith("}")
            end = first if is_one_line else end_of(lines, first, "}")
            if match[1] in size:
                size[match[1]][1] += end - first + 1


def measure(module):
    """{class: [functions, lines]} of one folder and what is below it."""
    size = defaultdict(lambda: [0, 0])
    texts = [path.read_text().splitlines() for path in sorted(module.rglob("*"))
             if path.suffix in (".h", ".cc")]
    for lines in texts:
        measure_bodies(lines, size)
    for lines in texts:
        measure_definitions(lines, size)
    return size


def faults_of(where, size):
    for number, most, what in zip(size, (MAX_FUNCTIONS, MAX_LINES), ("functions", "lines")):
        if number > most:
            yield f"{where}: {number} {what}, {most} at most"


def main():
    modules = [folder for part in ("lib", "drivers", "app")
               for folder in sorted((ROOT / part).iterdir()) if folder.is_dir()]
    faults, count = [], 0
    for module in modules:
        name = str(module.relative_to(ROOT))
        for of_class, size in measure(module).items():
            count += 1
            faults += faults_of(f"{name}: {of_class}", size)
            if "-v" in sys.argv[1:]:
                print(*size, name, of_class)
    print("\n".join(faults) or f"{count} classes, none beyond the limits")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
