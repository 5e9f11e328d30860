#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts the tests in meson's JSON logs: count-tests.py LOG...

A Catch2 program counts each of its test cases, by its own closing summary; anything else (a smoke
script, a checker) counts one. A program that fails without a failed case, as one with a leak does
or one that crashed, counts one failure more. Prints what did not pass and the end of what it said,
for who sees only the end of a long run; then a line for each log, and at the end the sum over all.
Fails when a test failed or none passed.
"""

import json
import os
import re
import sys

ALL_PASSED = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)$", re.MULTILINE)
LAST_LINES = 15  # of a test that failed
SOME_FAILED = re.compile(r"^test cases: +\d+ \|(.*)$", re.MULTILINE)


def catch2_counts(text):
    """(passed, failed, skipped) test cases, or None where no Catch2 summary is."""
    if found := ALL_PASSED.findall(text):
        return int(found[-1]), 0, 0
    if found := SOME_FAILED.findall(text):
        def count(word):
            match = re.search(rf"(\d+) {word}(?! as expected)", found[-1])
            return int(match.group(1)) if match else 0
        return count("passed"), count("failed"), count("skipped")
    return None


def test_counts(test):
    """(passed, failed, skipped) of one entry of the log."""
    if test["result"] == "SKIP":
        return 0, 0, 1
    good = test["result"] == "OK"
    passed, failed, skipped = catch2_counts(test.get("stdout") or "") or (int(good), 0, 0)
    if not good and failed == 0:
        failed = 1
    return passed, failed, skipped


def print_result(test):
    print(f"{test['result']}: {test['name']}")
    if test["result"] != "SKIP":
        said = ((test.get("stdout") or "") + (test.get("stderr") or "")).splitlines()
        for line in said[-LAST_LINES:]:
            print(f"    {line}")


def log_counts(path):
    """Sum over one log; a log that is not there is a failure."""
    if not os.path.exists(path):
        return 0, 1, 0
    total = (0, 0, 0)
    with open(path, encoding="utf-8") as log:
        for test in map(json.loads, log):
            total = tuple(map(sum, zip(total, test_counts(test))))
            if test["result"] != "OK":
                print_result(test)
    return total


def sentence(counts):
    passed, failed, skipped = counts
    text = f"{passed} passed, {failed} failed"
    return text + f", {skipped} skipped" if skipped else text


def main(paths):
    total = (0, 0, 0)
    for path in paths:
        log_total = log_counts(path)
        print(f"{path}: {sentence(log_total)}")
        total = tuple(map(sum, zip(total, log_total)))
    print(sentence(total), flush=True)
    passed, failed, _ = total
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
