# SPDX-License-Identifier: BSD-3-Clause
"""The named cases: files in cases/, each a list of

    case NAME
    why One line: the reason why it exists.
    set loose 0
    isn 4294967000 17
    original S seq=0
    …

A case is of TCP unless `protocol NAME` stands before its packets: datagrams.py says how those are
written. `set` changes one setting of both gateways for this case; `after NAME` stands for the
packets of a case above. Lines with # are comments.
"""

from pathlib import Path

import datagrams
import packets
from rig import DEFAULTS, Script

FOLDER = Path(__file__).resolve().parent / "cases"
FILES = ("opening", "first_packets", "midstream", "windows", "options", "closing", "resets",
         "reuse", "timers", "udp", "icmp", "by_address", "sctp", "fragments", "helpers")


def parse(line, protocol):
    if protocol == "tcp" or line.startswith("wait "):
        return packets.parse(line)
    return datagrams.parse(line, protocol)


def read(text, where, known):
    """The cases of one file; `known` has those of all files so far, by name."""
    scripts = []
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        try:
            if word == "case":
                scripts.append(Script(rest, []))
                if rest in known:
                    raise ValueError("a second case of that name")
                known[rest] = scripts[-1]
            elif word == "why":
                scripts[-1].why = rest
            elif word == "after":
                scripts[-1].steps += known[rest].steps
                scripts[-1].protocol = known[rest].protocol
            elif word == "protocol":
                if rest not in datagrams.NUMBERS:
                    raise ValueError(f"no protocol {rest}")
                scripts[-1].protocol = rest
            elif word == "isn":
                scripts[-1].isn = tuple(map(int, rest.split()))
            elif word == "set":
                name, value = rest.split()
                if name not in DEFAULTS:
                    raise ValueError(f"no setting {name}")
                scripts[-1].settings[name] = int(value)
            else:
                scripts[-1].steps.append(parse(line, scripts[-1].protocol))
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(f"{where}:{number}: {error}") from error
    return scripts


def load(name=None, file=None):
    """All cases, or the one of that name, or those of one file."""
    known = {}
    texts = [(FOLDER / f"{each}.txt").read_text(encoding="utf-8") for each in FILES]
    scripts = [(each, script) for each, text in zip(FILES, texts)
               for script in read(text, each, known)]
    for _, script in scripts:
        if not script.why or not script.steps:
            raise ValueError(f"case {script.name} lacks its reason or its packets")
    chosen = [script for each, script in scripts
              if name in (None, script.name) and file in (None, each)]
    if not chosen:
        raise ValueError(f"no case {name} in {file or 'any file'}")
    return chosen
