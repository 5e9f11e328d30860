# SPDX-License-Identifier: BSD-3-Clause
"""The commands of a page of the documents: page.py FILE prints how many blocks it has, and page.py
FILE N the N-th, from 1: its first line says where it is to be run, guest or client."""
import re
import sys

BLOCK = re.compile(r"^```sh ?(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

with open(sys.argv[1], encoding="utf-8") as file:
    blocks = BLOCK.findall(file.read())
if len(sys.argv) == 2:
    print(len(blocks))
else:
    place, commands = blocks[int(sys.argv[2]) - 1]
    print(f"{place or 'guest'}\n{commands}", end="")
