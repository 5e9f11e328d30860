# SPDX-License-Identifier: BSD-3-Clause
"""Where two outcomes differ, and which differences docs/differences.md excuses."""

import re
from pathlib import Path

from packets import ORIGINAL

TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "differences.md"
ROW = re.compile(r"^\| `([a-z-]+)` \|")


def is_leak(packet, linux, sluice):
    """A packet that Linux calls INVALID: it leaves with the inside address, or does not leave."""
    return packet.direction == ORIGINAL and linux.fate == "untranslated" and \
        sluice.fate == "dropped"


# What a row of the table means, by its id: (packet, Linux's outcome, sluice's) → excused. That is
# the packet's fate, never the flow's state.
EXCUSES = {"leak": is_leak}


def intended():
    """The ids in the table that are about packets of this rig."""
    ids = {match[1] for match in map(ROW.match, TABLE.read_text(encoding="utf-8").splitlines())
           if match}
    if ids != set(EXCUSES):
        raise ValueError(f"{TABLE} has rows {sorted(ids)}, the rig knows {sorted(EXCUSES)}")
    return ids


class Comparison:
    def __init__(self):
        self.excuses = [EXCUSES[name] for name in sorted(intended())]

    def differences(self, packet, linux, sluice, slack):
        """Sentences; none when the outcomes agree."""
        found = []
        if linux.fate != sluice.fate and \
                not any(excuse(packet, linux, sluice) for excuse in self.excuses):
            found.append("the packet's fate")
        one, other = linux.state, sluice.state
        if one is None or other is None:
            return found + ["whether there is a flow"] * (one is not other)
        for what in ("name", "is_replied", "is_assured", "public"):
            if getattr(one, what) != getattr(other, what):
                found.append({"name": "the state", "public": "the public address and port"}
                             .get(what, what[3:]))
        if abs(one.left - other.left) > int(1 + slack):
            found.append("the seconds left")
        return found
