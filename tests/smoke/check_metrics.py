#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks Prometheus' text format on standard input: each line's form, a type before its samples."""

import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r'\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\}'
SAMPLE = re.compile(rf"({NAME})(?:{LABELS})? (?:[-+]?[0-9.]+(?:e[-+]?\d+)?|[-+]?Inf|NaN)(?: \d+)?")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)")
HELP = re.compile(rf"# HELP {NAME} .+")


def main():
    types = {}
    samples = 0
    for number, line in enumerate(sys.stdin, 1):
        line = line.rstrip("\n")
        if match := TYPE.fullmatch(line):
            types[match[1]] = match[2]
        elif match := SAMPLE.fullmatch(line):
            samples += 1
            family = re.sub(r"_(bucket|sum|count)$", "", match[1])
            if match[1] not in types and family not in types:
                sys.exit(f"line {number}: no type before {match[1]}")
        elif line and not HELP.fullmatch(line):
            sys.exit(f"line {number}: {line}")
    if not samples:
        sys.exit("no samples")


if __name__ == "__main__":
    main()
