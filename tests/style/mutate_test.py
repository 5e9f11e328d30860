#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests that scripts/mutate breaks sources and headers of its modules, and nothing else."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/mutate"
loader = importlib.machinery.SourceFileLoader("mutate", str(SCRIPT))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
sys.modules["mutate"] = mutate  # its dataclass looks itself up
sys.dont_write_bytecode = True  # it has no folder for it
loader.exec_module(mutate)

# Of each kind one that has code.
BROKEN = ("lib/nat/translate.cc", "lib/nat/translate_plain.h",
          "lib/conntrack/tcp_tracker.cc", "lib/conntrack/tcp_window.h")


def main():
    files = {str(path) for path in mutate.all_files()}
    faults = [f"{name} is not broken" for name in BROKEN
              if name not in files or not any(mutate.breaks_of(Path(name)))]
    faults += [f"{name} is none of this" for name in files
               if not name.startswith(mutate.MODULES) or not name.endswith((".cc", ".h"))]
    for fault in faults:
        print(f"mutate: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
