#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that the paths that documents and comments name exist, and the tests that documents name.

In documents: what a link points to, and what stands in `code` and begins with a part of this tree.
In sources and scripts: such a path in a comment, and a header as an #include names it,
"flow/flow_table.h". A path with a placeholder (FEATURE, <module>, *, …) names none.

A test is `subject: what is true`; `subject: …` is all tests of a subject.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("lib", "drivers", "app", "tests", "scripts", "docs", "packaging")
INCLUDED_FROM = ("lib", "drivers", "app", "app/sluice", "app/sluice-bench", "tests")
PART = "|".join(PARTS)
PLACEHOLDER = re.compile(r"[A-Z]{3}|[<>*{}$…]")
NOT_HERE = re.compile(r"^(?:linux|sys|netinet|arpa)/|\.\.\.|build")  # the system's, a build's

LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
IN_CODE = re.compile(rf"(?:\./)?((?:{PART})/[^\s`,;:)\"']*)")
IN_COMMENT = re.compile(rf"(?<![\w/.<-])((?:{PART})/[\w./-]*\w|\w+/[\w/]+\.h)\b")
TEST = re.compile(r'TEST_CASE\(\s*((?:"[^"\\]*"\s*)+)')
COMMENT = {".cc": "//", ".h": "//", ".py": "#", ".build": "#", ".sh": "#"}


def exists(name, beside):
    places = [beside / name, ROOT / name]
    if name.endswith(".h"):
        places += [ROOT / part / name for part in INCLUDED_FROM]
    return any(place.exists() for place in places) or \
        any((ROOT / name).parent.glob(Path(name).name + "[.-]*"))  # docs/adr/0001, lib/nat/ties


def named_in_document(text):
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            yield target
    for code in re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL):
        yield from (name.rstrip("./") for name in IN_CODE.findall(code))


def named_in_comments(text, mark):
    for line in text.splitlines():
        _, found, comment = line.partition(mark)
        if found and not line.lstrip().startswith(("#include", "#!")):
            yield from IN_COMMENT.findall(comment)


def tests():
    """Their names, by subject."""
    names = {}
    for path in (ROOT / "tests").rglob("*_test.cc"):
        for literals in TEST.findall(path.read_text()):
            name = "".join(re.findall(r'"([^"]*)"', literals))
            names.setdefault(name.partition(": ")[0], set()).add(name)
    return names


def unknown_tests(text, names):
    """Tests that a document names and nobody has written; what is quoted otherwise has another
    subject."""
    for code in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        name = " ".join(code.split())
        subject, colon, rest = name.partition(": ")
        if colon and subject in names and rest != "…" and name not in names[subject]:
            yield name


def sources():
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*")):
            is_script = part == "scripts" and not path.suffix and path.is_file()
            if path.suffix in COMMENT or is_script:
                yield path, COMMENT.get(path.suffix, "#")


def main():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = [(path, name) for path in documents for name in named_in_document(path.read_text())]
    named += [(path, name) for path, mark in sources()
              for name in named_in_comments(path.read_text(), mark)]
    named = [(path, name) for path, name in named
             if not PLACEHOLDER.search(name) and not NOT_HERE.search(name)]
    missing = dict.fromkeys(f"{path.relative_to(ROOT)}: there is no {name}"
                            for path, name in named if not exists(name, path.parent))
    names = tests()
    missing |= dict.fromkeys(f"{path.relative_to(ROOT)}: there is no test {name}"
                             for path in documents
                             for name in unknown_tests(path.read_text(), names))
    print("\n".join(missing) or f"{len(named)} paths, all there")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
