#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the parameters and the nesting of functions in lib, drivers and app, or in these files:
check-functions.py [FILE ...]. The build folder that each of these checks is given is no file.

The limits are those of .clang-tidy, which says what they count: the parameters of a definition, and
how many braces of statements stand in one another, that of the function's body being the first and
those of lambdas counting too. clang-tidy itself takes minutes for all sources (it is asked by
scripts/check-tidy.py), this two seconds: it knows no types, only how clang-format writes what
begins a block.

Tests are left out: what Catch2's macros expand to is no function of ours.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("lib", "drivers", "app")
OPTION = re.compile(r"readability-function-size\.(\w+)Threshold, value: '(\d+)'")

LITERAL = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
RAW = r'R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'
LEFT_OUT = rf"//[^\n]*|/\*.*?\*/|^ *#(?:\\\n|[^\n])*|{RAW}"
NUMBER = r"\d(?:'?[\w.])*"
TOKEN = re.compile(rf"(?P<left_out>{LEFT_OUT})|{LITERAL}|{NUMBER}|[A-Za-z_]\w*|->|::|<=|>=|[^\s\w]",
                   re.DOTALL | re.MULTILINE)
OPENING, CLOSING = {"(": ")", "[": "]"}, {")": "(", "]": "["}
SCOPES = {"namespace", "class", "struct", "union", "enum", "extern", "concept"}
# What stands between a function's parameters, or a statement's head, and its block.
BEFORE_BLOCK = {")", "else", "do", "try", "const", "noexcept", "override", "final", "mutable", "&"}
NO_FUNCTION = {"alignas", "decltype", "noexcept", "explicit", "requires", "__attribute__", "sizeof"}


def limits():
    """{"Parameter": …, "Nesting": …}"""
    found = OPTION.findall((ROOT / ".clang-tidy").read_text())
    return {name: int(number) for name, number in found}


def tokens_of(text):
    """(token, line) of all that is neither comment nor preprocessor; a raw string is one of ''."""
    line, at = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if not match["left_out"]:
            yield match[0], line
        elif match[0].startswith("R"):
            yield "''", line


def behind(tokens, at):
    """The index behind what the token opens, a parenthesis or an angle or square bracket."""
    closing = {"(": ")", "[": "]", "<": ">"}[tokens[at]]
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i] == tokens[at]) - (tokens[i] == closing)
        if depth == 0:
            return i + 1
    return len(tokens)


def parameters_of(head):
    """How many a definition has whose tokens before its block these are; None if it is none."""
    at = 0
    while at < len(head):
        if head[at] in ("template", "[") or (head[at] in NO_FUNCTION and
                                             head[at + 1:at + 2] == ["("]):
            at += head[at] != "["
            at = behind(head, at) if at < len(head) and head[at] in "(<[" else at
        elif head[at] == "operator":
            at += 3 if head[at + 1:at + 3] == ["(", ")"] else 2
        elif head[at] == "(":
            return count_of(head[at + 1:behind(head, at) - 1])
        else:
            at += 1
    return None


def count_of(parameters):
    """How many, of the tokens between the parentheses."""
    depth, count = 0, 1 if parameters and parameters != ["void"] else 0
    for token in parameters:
        depth += (token in "([{<") - (token in ")]}>")
        count += token == "," and depth == 0
    return count


class Reader:
    """Goes through a file's tokens, with a stack of the braces that are open."""

    def __init__(self):
        self.open = []  # "block", "scope" or "list", of each
        self.head = []  # the tokens since the last declaration or statement has ended
        self.parentheses = 0
        self.outer = []  # the parentheses that were open where each brace opened, and the head

    def kind_of(self):
        """Of a brace that opens behind the head."""
        before = self.head[-1] if self.head else ""
        is_within = "block" in self.open
        if not is_within and SCOPES & set(without_templates(self.head)) and "(" not in self.head:
            return "scope"
        is_statement = self.open[-1:] == ["block"] and self.parentheses == 0
        if before in BEFORE_BLOCK or is_statement and before in ("", ":"):
            return "block"
        if before == "]" and is_lambda(self.head) or is_behind_type(self.head):
            return "block"
        if before == "}" and not is_within and ":" in self.head:
            return "block"  # of a constructor whose last member has braces
        if is_within and SCOPES & set(self.head) and "(" not in self.head:
            return "scope"
        return "list"

    def open_brace(self, line):
        kind = self.kind_of()
        problem = None
        if kind == "block":
            depth = self.open.count("block") + 1
            if depth == 1:
                problem = ("Parameter", parameters_of(self.head) or 0, line)
            elif depth > 1:
                problem = ("Nesting", depth, line)
        self.outer.append((self.parentheses, self.head))
        self.open.append(kind)
        self.parentheses, self.head = 0, []
        return problem

    def close_brace(self):
        kind = self.open.pop() if self.open else "scope"
        self.parentheses, head = self.outer.pop() if self.outer else (0, [])
        is_statement = kind != "list" and self.parentheses == 0 and "=" not in head
        self.head = [] if is_statement else head + ["{", "}"]

    def take(self, token, line):
        """(limit's name, number, line) of what begins here and has one; else None."""
        if token == "{":
            return self.open_brace(line)
        if token == "}":
            self.close_brace()
        elif token == ";" and self.parentheses == 0:
            self.head = []
        else:
            self.parentheses += (token in OPENING) - (token in CLOSING)
            self.head.append(token)
            if token == ":" and self.head[0] in ("public", "private", "protected"):
                self.head = []
        return None


def without_templates(head):
    """Less template <class …>, which opens no scope."""
    at = 0
    while at < len(head):
        if head[at] == "template" and head[at + 1:at + 2] == ["<"]:
            at = behind(head, at + 1)
        else:
            yield head[at]
            at += 1


def is_lambda(head):
    """Its head ends in a capture, which nothing stands before that could be indexed."""
    depth = 0
    for at in range(len(head) - 1, -1, -1):
        depth += (head[at] == "]") - (head[at] == "[")
        if depth == 0:
            return at == 0 or not re.match(r"[\w\])]", head[at - 1]) or head[at - 1] == "return"
    return False


def is_behind_type(head):
    """Its head ends in "-> T"."""
    if "->" not in head:
        return False
    at = len(head) - 1 - head[::-1].index("->")
    return at > 0 and head[at - 1] in (")", "mutable", "const", "noexcept") and \
        all(re.match(r"\w|::|[<>,*&]", token) for token in head[at + 1:])


def faults_of(text, most):
    """A sentence for each fault of a source's text."""
    reader = Reader()
    for token, line in tokens_of(text):
        found = reader.take(token, line)
        if found and found[1] > most[found[0]]:
            yield f"line {found[2]}: {sentence(*found[:2], most[found[0]])}"


def sentence(what, number, most):
    if what == "Parameter":
        return f"a function of {number} parameters, {most} at most"
    return f"braces in braces, {number} deep, {most} at most"


def main():
    named = [Path(name).resolve() for name in sys.argv[1:] if Path(name).is_file()]
    paths = named or sorted(path for part in PARTS for path in (ROOT / part).rglob("*")
                            if path.suffix in (".h", ".cc"))
    most = limits()
    faults = [f"{path.relative_to(ROOT)}: {fault}"
              for path in paths for fault in faults_of(path.read_text(), most)]
    print("\n".join(faults) or f"{len(paths)} files, no function beyond the limits")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
