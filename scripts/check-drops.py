#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that lib/stats/drop.h, drop.cc, drop_advice.cc and docs/drops.md tell of the same drop
reasons, and that the last two say the same about them.

One enumerator, one counter's name (the enumerator in snake case), one row of a table in the
document that begins with the name: | `invalid_flags` | … |. All in the same order; and each is
given somewhere in lib. With --write the texts of drop_advice.cc are taken from the document first.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def snake_case(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def used_in_lib():
    """The enumerators that code of lib gives as a reason."""
    files = [path for path in (ROOT / "lib").rglob("*") if path.suffix in (".cc", ".h")
             and path.parent.name != "stats"]
    return {name for path in files for name in re.findall(r"\bDrop::(\w+)", path.read_text())}


def plain(markdown):
    """A table's cell as drop_advice.cc has it."""
    text = markdown.strip().replace("\\|", "|").replace("`", "")
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)


def told_otherwise(rows):
    """The reasons about which drop_advice.cc says something else than the document's rows."""
    source = (ROOT / "lib/stats/drop_advice.cc").read_text()
    told = {}
    for name, advice in re.findall(r"^    \{(\w+),\s+\{(.*?)\}\},$", source,
                                   re.MULTILINE | re.DOTALL):
        cells = [""]
        for text, comma in re.findall(r'"((?:[^"\\]|\\.)*)"(,?)', advice):
            cells[-1] += text.replace('\\"', '"')
            if comma:
                cells.append("")
        told[snake_case(name)] = cells
    return [name for name, meaning, remedy in rows
            if told.get(name) != [plain(meaning), plain(remedy)]]


def literals(cell):
    """A cell as C++ writes a long string."""
    text = plain(cell).replace("\\", "\\\\").replace('"', '\\"')
    lines = textwrap.wrap(text, 84, break_long_words=False, break_on_hyphens=False)
    return "\n".join([f'"{line} "' for line in lines[:-1]] + [f'"{lines[-1]}"'])


def write_advice(rows, enumerators):
    """Puts the document's texts into drop_advice.cc; clang-format lays them out."""
    path = ROOT / "lib/stats/drop_advice.cc"
    of = {snake_case(name): name for name in enumerators}
    table = "".join(f"    {{{of[name]}, {{{literals(meaning)},\n{literals(remedy)}}}}},\n"
                    for name, meaning, remedy in rows if name in of)
    source = re.sub(r"(kRows\[\] = \{\n).*?(^\};)", lambda found: found[1] + table + found[2],
                    path.read_text(), count=1, flags=re.MULTILINE | re.DOTALL)
    path.write_text(source)
    subprocess.run(["clang-format", "-i", path], check=True)


def main():
    header = (ROOT / "lib/stats/drop.h").read_text()
    body = re.search(r"enum class Drop[^{]*\{(.*?)\};", header, re.DOTALL).group(1)
    enumerators = re.findall(r"^ +([A-Z]\w+),", body, re.MULTILINE)
    reasons = [snake_case(name) for name in enumerators]
    names = re.findall(r'^ +\{\w+, "(\w+)"\},', (ROOT / "lib/stats/drop.cc").read_text(),
                       re.MULTILINE)
    table = re.findall(r"^\| `(\w+)` \|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|$",
                       (ROOT / "docs/drops.md").read_text(), re.MULTILINE)
    rows = [row[0] for row in table]
    if "--write" in sys.argv[1:]:
        write_advice(table, enumerators)

    given = used_in_lib()
    problems = [f"lib: no packet is dropped for {name}" for name in enumerators
                if name not in given]
    for where, found in (("lib/stats/drop.cc", names), ("docs/drops.md", rows)):
        problems += [f"{where}: {name} is missing" for name in reasons if name not in found]
        problems += [f"{where}: {name} is no drop reason" for name in found if name not in reasons]
        if set(found) == set(reasons) and found != reasons:
            problems.append(f"{where}: in another order than drop.h, or twice")
    problems += [f"lib/stats/drop_advice.cc: {name} is told otherwise than in docs/drops.md"
                 for name in told_otherwise(table)]
    print("\n".join(problems) or f"{len(reasons)} drop reasons")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
