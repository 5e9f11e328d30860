# SPDX-License-Identifier: BSD-3-Clause
"""How a build folder compiles each source: yields (source, words of the command without it).

Where several sources are compiled at once (-Dunity=on), each has the command of all.
"""

import json
import re
import shlex

INCLUDED = re.compile(r"^#include<(.+)>$", re.MULTILINE)


def commands_of(build):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        words.remove(entry["file"])
        compiled = (build / entry["file"]).resolve()
        if not compiled.is_file():
            continue
        is_generated = compiled.is_relative_to(build) and "-unity" in compiled.name
        together = INCLUDED.findall(compiled.read_text()) if is_generated else [compiled]
        for source in together:
            yield (build / source).resolve(), words
