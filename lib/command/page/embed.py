#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes C++ that has a page in it, and the policy by which a browser runs its own script alone.

    embed.py PAGE.html OUT.cc
"""

import base64
import hashlib
import re
import sys


def hash_of(page, element):
    """The hash by which Content-Security-Policy knows the only element of that name."""
    (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.S)
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def literal(text):
    """A string of C++, in pieces that every compiler takes."""
    data = text.encode()
    pieces = (data[i : i + 64] for i in range(0, len(data), 64))
    escape = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n"}

    def written(byte):
        return escape.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")

    return "\n".join('    "' + "".join(map(written, piece)) + '"' for piece in pieces)


def main():
    page = open(sys.argv[1], encoding="utf-8").read()
    policy = (
        f"default-src 'none'; script-src {hash_of(page, 'script')}; "
        f"style-src {hash_of(page, 'style')}; connect-src 'self'; base-uri 'none'; "
        "img-src data:; form-action 'none'; frame-ancestors 'none'"
    )
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(
            '#include "command/page.h"\n\nnamespace sluice::command {\n\n'
            f"const std::string_view kPage =\n{literal(page)};\n\n"
            f"const std::string_view kPagePolicy =\n{literal(policy)};\n\n"
            "}  // namespace sluice::command\n"
        )


if __name__ == "__main__":
    main()
