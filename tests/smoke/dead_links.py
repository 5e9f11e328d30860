# SPDX-License-Identifier: BSD-3-Clause
"""Says what the documents of an installed sluice point to that is not there.

    dead_links.py ROOT

Links of what is below usr/share/doc/sluice, and paths to there in its manual pages, its unit and
its configuration. Ends with 1 where one is dead, or where there are none."""

import gzip
import re
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
PATH = re.compile(r"/usr/share/doc/sluice[\w./-]*\w")
FOLDERS = ("etc", "usr/lib", "usr/share")


def text_of(path):
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode(errors="replace")


def targets(root):
    """(file, what it says, the file that is meant)"""
    for path in (root / "usr/share/doc/sluice").rglob("*.md"):
        for link in LINK.findall(path.read_text()):
            if "://" not in link:
                yield path, link, path.parent / link
    for path in (path for folder in FOLDERS for path in (root / folder).rglob("*")):
        if path.is_file():
            for name in PATH.findall(text_of(path)):
                yield path, name, root / name.lstrip("/")


def main():
    root = Path(sys.argv[1])
    found = list(targets(root))
    dead = [(path, said) for path, said, meant in found if not meant.exists()]
    for path, said in dead:
        print(f"{path.relative_to(root)}: {said}")
    if not found:
        print("there are no links")
    return 1 if dead or not found else 0


if __name__ == "__main__":
    sys.exit(main())
