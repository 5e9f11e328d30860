#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the sizes and the form of files: CONTRIBUTING.md has the numbers, and scripts/line-budget
has those of folders.

Functions are found by their form, which clang-format fixes: a line that ends in ") {" or the like
opens one, the next "}" in the same column closes it. A test case may be a long table.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_COLUMNS = 100
MAX_SOURCE_LINES = 500
MAX_HEADER_LINES = 250
MAX_FUNCTION_LINES = 60
MAX_PICTURE_BYTES = 150_000
BUDGET = ROOT / "scripts/line-budget"
BUDGETED = ("lib", "drivers", "app", "tests")

CODE = {".cc", ".h"}
SPDX = "SPDX-License-Identifier: BSD-3-Clause"
OTHERS_FORM = {"packaging/grafana/sluice.json"}  # as Grafana writes it, which has no comments
NO_SPDX = {"LICENSE", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore"}
NO_FUNCTION = "namespace|if|for|while|switch|do|else|case|TEST_CASE"
LABEL = re.compile(r"/// [A-Z][A-Za-z]+ {2,}\S")
OPENS = re.compile(rf"^( *)(?!.*\b(?:{NO_FUNCTION})\b)[^ #/].*\) ?"
                   r"(?:const |noexcept |override |-> [^;]+ )*\{$")


def files():
    """All files of the tree, less what a build, git or a fuzzer put there."""
    builds = tuple(f"{path.parent.name}/" for path in ROOT.glob("*/build.ninja"))
    foreign = ("build", ".git/", ".cache", "__pycache__", "tests/fuzz/corpus/") + builds
    paths = ((path, str(path.relative_to(ROOT))) for path in ROOT.rglob("*") if path.is_file())
    return sorted(path for path, name in paths
                  if not name.startswith(foreign) and "/__pycache__/" not in name
                  and name != ".git")


def long_functions(lines):
    """(first line, length) of each function that is too long."""
    for first, line in enumerate(lines):
        if match := OPENS.match(line):
            end = next((i for i in range(first, len(lines)) if lines[i].startswith(match[1] + "}")),
                       first)
            if end - first + 1 > MAX_FUNCTION_LINES:
                yield first + 1, end - first + 1


def stray_lines(lines):
    """Numbers of lines that go on with what a label says, and do not stand in its column."""
    first = next((i for i, line in enumerate(lines) if line.startswith("/// \\file")), len(lines))
    has_label = False
    for number, line in enumerate(lines[first + 1:], first + 2):
        if not line.startswith("///"):
            return
        has_label |= bool(LABEL.match(line))
        if has_label and re.match("/// [^A-Z -]", line):
            yield number


def check_code(path, lines):
    limit = MAX_HEADER_LINES if path.suffix == ".h" else MAX_SOURCE_LINES
    if len(lines) > limit:
        yield f"{len(lines)} lines, {limit} at most"
    for line in stray_lines(lines):
        yield f"line {line}: it is not in the column of what its label says"
    for line, length in long_functions(lines):
        yield f"line {line}: a function of {length} lines, {MAX_FUNCTION_LINES} at most"
    if path.suffix == ".h" and path.is_relative_to(ROOT / "lib") and \
            not any(line.startswith("/// \\file") for line in lines):
        yield "a public header without its \\file block"


def check_file(path):
    if path.suffix == ".png":  # it has no lines
        if (size := path.stat().st_size) > MAX_PICTURE_BYTES:
            yield f"{size} bytes, {MAX_PICTURE_BYTES} at most"
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    in_markdown = path.suffix == ".md"
    is_ours = str(path.relative_to(ROOT)) not in OTHERS_FORM
    if is_ours and path.name not in NO_SPDX and not in_markdown and \
            not any(SPDX in line for line in lines[:2]):
        yield "no SPDX line at its head"
    if not in_markdown and path.name != "LICENSE":
        for number, line in enumerate(lines, 1):
            if is_ours and len(line) > MAX_COLUMNS:
                yield f"line {number}: {len(line)} columns, {MAX_COLUMNS} at most"
            if line != line.rstrip() or "\t" in line:
                yield f"line {number}: a tab, or blanks at its end"
    if path.suffix in CODE:
        yield from check_code(path, lines)


def read_budget():
    """(folder, limit) of each line."""
    lines = (line.split("#")[0].split() for line in BUDGET.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if words}


def check_budget(code, budget):
    spent = dict.fromkeys(budget, 0)
    without = set()
    for path in code:
        name = path.relative_to(ROOT)
        lines = len(path.read_text().splitlines())
        folders = [str(folder) for folder in name.parents]
        for folder in budget.keys() & set(folders):
            spent[folder] += lines
        # The part and the module, where the file is in one.
        without |= set(folders[-3:-1]) - budget.keys()
    for folder in sorted(without):
        yield f"{folder}: no line in {BUDGET.relative_to(ROOT)}"
    for folder, limit in budget.items():
        if not spent[folder]:
            yield f"{folder}: no code there, and a line in {BUDGET.relative_to(ROOT)}"
        if spent[folder] > limit:
            yield f"{folder}: {spent[folder]} lines, {limit} at most"


def main():
    everything = files()
    problems = [f"{path.relative_to(ROOT)}: {problem}"
                for path in everything for problem in check_file(path)]
    code = [path for path in everything if path.suffix in CODE
            and path.relative_to(ROOT).parts[0] in BUDGETED]
    problems += check_budget(code, read_budget())
    print("\n".join(problems) or f"{len(everything)} files, all within their sizes")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
