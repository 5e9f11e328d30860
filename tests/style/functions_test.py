#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests that scripts/check-functions.py finds what it is there for, and nothing else."""

import importlib.util
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/check-functions.py"
spec = importlib.util.spec_from_file_location("check_functions", SCRIPT)
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)

MOST = {"Parameter": 5, "Nesting": 3}

# (what is true, text of a source, lines of its faults)
CASES = [
    ("five parameters are not too many", "int f(int a, int b, int c, int d, int e) {\n}", []),
    ("six are", "int f(int a, int b, int c, int d, int e, int f) {\n}", [1]),
    ("a declaration is none of this", "int f(int a, int b, int c, int d, int e, int f);", []),
    ("no parameter by its type has two", "void f(std::map<int, int> a, int b[2], int c = g(1, 2),\n"
     "       std::pair<int, int> d = {1, 2}, int e = 0) {\n}", []),
    ("a constructor's are counted, not its members",
     "A::A(int a, int b)\n    : a_(a, a, a, a), b_{a, b, a, b, a, b}, c_{b} {\n}", []),
    ("a constructor may have too many",
     "class A {\n    A(int a, int b, int c, int d, int e, int f) : a_{a} {}\n};", [2]),
    ("what stands before the parameters is not counted",
     "[[gnu::target(1, 2, 3, 4, 5, 6)]] alignas(64) template <class A, class B>\n"
     "explicit(true) operator()(int a) {\n}", []),
    ("a function behind a class, an enum and a list is seen",
     "class A : B {\n    int x{1};\n};\nenum class E { A, B };\nconstexpr int k[] = {1, {2}};\n"
     "void f(int a, int b, int c, int d, int e, int f) {\n}", [6]),
    ("three braces are not too deep", "void f() {\n  if (a) {\n    for (;;) {\n    }\n  }\n}", []),
    ("four are", "void f() {\n  if (a) {\n    for (;;) {\n      if (b) {\n      }\n    }\n  }\n}",
     [4]),
    ("a lambda's count", "void f() {\n  g([&] {\n    h([&](int x) -> A<int> {\n"
     "      i([=]() mutable { j(); });\n    });\n  });\n}", [4]),
    ("lists do not", "void f() {\n  if (a) {\n    for (int b : {1, 2}) {\n"
     "      g({{1}, A{2, {3}}});\n"
     "      const A c{{{1}}};\n      x[i] = A{1};\n    }\n  }\n}", []),
    ("a namespace and a class do not",
     "namespace a {\nnamespace b {\nclass C {\n  void f() {\n    if (a) {\n      do {\n"
     "      } while (b);"
     "\n    }\n  }\n};\n}\n}", []),
    ("comments, strings and directives are passed over",
     "void f() {\n  // { { {\n  g(\"{{{{\", '{', 1'000);  /* { */\n#define A {{{{\n"
     "  h(R\"x({{ \")x\");\n  if (a) {\n    { b(); }\n  }\n}", []),
    ("a block in a case counts", "void f() {\n  switch (a) {\n    case 1: {\n      if (b) {\n"
     "      }\n"
     "    }\n  }\n}", [4]),
    ("one fault hides no other", "void f(int a, int b, int c, int d, int e, int f) {\n}\n"
     "void g() {\n  { { {\n  } } }\n}", [1, 4]),
]


def main():
    failed = 0
    for what, text, lines in CASES:
        found = [int(fault.split()[1].rstrip(":")) for fault in check.faults_of(text, MOST)]
        if found != lines:
            print(f"functions: {what}: {found} in place of {lines}")
            failed += 1
    if check.limits() != {"Line": 60, "Parameter": 5, "Nesting": 3, "Statement": 100000}:
        print(f"functions: .clang-tidy is read as {check.limits()}")
        failed += 1
    print(f"{len(CASES) + 1 - failed} of {len(CASES) + 1} hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
