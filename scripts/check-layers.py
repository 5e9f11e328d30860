#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that a module of lib includes only itself and the modules that it names.

The order is the list in lib/meson.build, lowest first. A module's own meson.build names in `uses`
those that it includes; they must stand above it in the list. Outside lib: drivers/ includes no
control or config of the program (only what a port needs), and nothing in lib includes drivers/ or
app/.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^#include "([^"/]+)/', re.MULTILINE)
DRIVERS_MAY_USE = {"base", "net", "sctp", "io", "stats"}


def words_of(variable, path):
    """The strings of `variable = [...]` in a meson.build."""
    match = re.search(rf"^{variable} = \[(.*?)\]", path.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"'([^']+)'", match.group(1)) if match else []


def included(folder):
    """(file, module) for each include of another folder's header."""
    for path in sorted(folder.rglob("*.h")) + sorted(folder.rglob("*.cc")):
        for module in INCLUDE.findall(path.read_text()):
            yield path.relative_to(ROOT), module


def check_module(module, order):
    problems = []
    uses = words_of("uses", ROOT / "lib" / module / "meson.build")
    above = order[: order.index(module)]
    for used in uses:
        if used not in above:
            problems.append(f"lib/{module}/meson.build: uses {used}, which is not above it")
    seen = set()
    for path, other in included(ROOT / "lib" / module):
        seen.add(other)
        if other != module and other not in uses:
            problems.append(f"{path}: includes {other}, which lib/{module} does not name in uses")
    if seen:
        problems += [f"lib/{module}/meson.build: uses {used}, but includes nothing of it"
                     for used in uses if used not in seen]
    return problems


def main():
    order = words_of("modules", ROOT / "lib" / "meson.build")
    folders = {path.parent.name for path in (ROOT / "lib").glob("*/meson.build")}
    problems = [f"lib/{name}: not in the list of modules" for name in sorted(folders - set(order))]
    for module in order:
        problems += check_module(module, order)
    drivers = {path.name for path in (ROOT / "drivers").iterdir() if path.is_dir()}
    for path, other in included(ROOT / "drivers"):
        if other not in DRIVERS_MAY_USE | drivers:
            problems.append(f"{path}: a driver includes {other}")
    print("\n".join(problems) or f"{len(order)} modules, in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
