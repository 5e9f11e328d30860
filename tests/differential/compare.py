# SPDX-License-Identifier: BSD-3-Clause
"""Where two outcomes differ, and which differences docs/differences.md excuses."""

import re
from pathlib import Path

from datagrams import ORIGINAL, Datagram

TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "differences.md"
ROW = re.compile(r"^\| `([a-z-]+)` \|")


def is_leak(packet, linux, sluice):
    """A packet that Linux calls INVALID: it leaves with the inside address, or does not leave."""
    return packet.direction == ORIGINAL and linux.fate == "untranslated" and \
        sluice.fate == "dropped"


# What a row of the table means, by its id: (packet, Linux's outcome, sluice's) → excused. That is
# the packet's fate, never the flow's state.
EXCUSES = {"leak": is_leak}


def opens_sctp(packet, linux, sluice):
    """Linux has begun a flow by a packet that is no INIT."""
    return packet.what in ("HEARTBEAT", "HEARTBEAT_ACK", "SHUTDOWN_ACK") and \
        linux.state is not None and sluice.state is None


def passes_sctp_tag(packet, linux, sluice):
    """Linux lets it pass with a tag that nobody has asked for."""
    return packet.what in ("HEARTBEAT", "HEARTBEAT_ACK", "SHUTDOWN_ACK") and \
        linux.fate == "passed" and sluice.fate == "dropped"


def has_udplite_checksum(packet, linux, sluice):
    """Linux takes UDP's number into the checksum of UDP-Lite, and calls INVALID what is sound."""
    return packet.protocol == "udplite" and linux.fate != "passed" and sluice.fate == "passed"


def has_more_than_its_length(packet, linux, sluice):
    """A UDP packet with bytes behind what its length field counts is INVALID for Linux."""
    return "behind" in packet.fields and linux.fate != "passed" and sluice.fate == "passed"


def has_pptp_key(packet, linux, sluice):
    """Linux tells GRE of version 1 apart by its keys, and knows no reply's without a helper."""
    return packet.number("version") == 1 and linux.fate == "dropped" and sluice.fate == "passed"


def is_short_gre(packet, linux, sluice):
    """Linux's NAT wants eight bytes of GRE, of which four are the header."""
    return packet.protocol == "gre" and "error" not in packet.fields and \
        packet.number("len") < 4 and linux.fate == "dropped" and sluice.fate == "passed"


# Likewise, of protocols other than TCP. From there on the flows are no longer the same, and nothing
# more of the case is compared.
PARTINGS = {"sctp-opening": opens_sctp, "sctp-tag": passes_sctp_tag, "gre-pptp": has_pptp_key,
            "gre-short": is_short_gre, "udplite-checksum": has_udplite_checksum,
            "udp-length": has_more_than_its_length}


def check_table():
    """The table has a row for each excuse, and no other."""
    ids = {match[1] for match in map(ROW.match, TABLE.read_text(encoding="utf-8").splitlines())
           if match}
    known = {*EXCUSES, *PARTINGS}
    if ids != known:
        raise ValueError(f"{TABLE} has rows {sorted(ids)}, the rig knows {sorted(known)}")


class Comparison:
    def __init__(self):
        check_table()

    @staticmethod
    def have_parted(packet, linux, sluice):
        """A row of the table says that the flows differ from here on."""
        return isinstance(packet, Datagram) and \
            any(has_parted(packet, linux, sluice) for has_parted in PARTINGS.values())

    def differences(self, packet, linux, sluice, slack):
        """Sentences; none when the outcomes agree."""
        found = []
        if linux.fate != sluice.fate and \
                not any(excuse(packet, linux, sluice) for excuse in EXCUSES.values()):
            found.append("the packet's fate")
        one, other = linux.state, sluice.state
        if one is None or other is None:
            return found + ["whether there is a flow"] * (one is not other)
        names = {"name": "the state", "public": "the public address and port",
                 "traffic": "its packets and bytes"}
        for what in ("name", "is_replied", "is_assured", "public", "traffic"):
            if getattr(one, what) != getattr(other, what):
                found.append(names.get(what, what[3:]))
        if abs(one.left - other.left) > int(1 + slack):
            found.append("the seconds left")
        return found
