# SPDX-License-Identifier: BSD-3-Clause
"""Where the outcomes of Jool and of sluice differ, and which differences docs/ipv6.md excuses."""

import ipaddress
import re
from itertools import zip_longest
from os.path import commonprefix
from pathlib import Path

import frames

TABLE = Path(__file__).resolve().parent.parent.parent.parent / "docs" / "ipv6.md"
SECTION = "## Beside Jool"
ROW = re.compile(r"^\| `([a-z-]+)` \|")
LEAST = 1280        # bytes of an IPv6 packet that all links carry
LINK = 1500
PRIVATE = [ipaddress.ip_network(text) for text in
           ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")]
NO_HOSTS = [ipaddress.ip_network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3")]


# Packets that come out of one gateway alone: (whose, end, its fields, what was sent) → excused.

def has_odd_class(whose, side, known, _):
    return whose == "sluice" and side == "server" and known["tos"] & 1


def is_of_other_protocol(whose, side, known, _):
    return whose == "sluice" and side == "server" and \
        known["protocol"] not in (frames.ICMP, frames.TCP, frames.UDP)


def has_route_option(whose, side, _, sent):
    return whose == "Jool" and side == "client" and \
        any(option(known) in (7, 131, 137) for known in sent)


def tells_of_source_route(whose, side, known, sent):
    return whose == "Jool" and side == "server" and kind(known) == (3, 5) and \
        any(option(one) in (131, 137) for one in sent)


def tells_of_routing_header(whose, side, known, sent):
    return whose == "Jool" and side == "client" and kind(known) == (4, 0) and \
        any(frames.ROUTING in one.get("extensions", ()) for one in sent)


def is_damaged(whose, _, known, sent):
    return whose == "Jool" and known.get("sum") is False and known.get("fits") is not False and \
        any(one.get("sum") is False for one in sent)


def has_no_udp_checksum(whose, side, known, sent):
    return whose == "Jool" and side == "server" and known.get("sum") is False and \
        any(one["version"] == 6 and one.get("sum") == "none" for one in sent)


def has_broken_length(whose, _, known, __):
    return whose == "Jool" and known.get("fits") is False


def is_ping_in_fragments(whose, _, known, sent):
    return whose == "Jool" and known["transport"] == "icmp" and \
        all(one["more"] or one["offset"] for one in sent)


def is_incomplete(whose, _, known, sent):
    return whose == "sluice" and (known["more"] or known["offset"]) and \
        all(one["more"] or one["offset"] for one in sent)


def is_large_in_small_pieces(whose, side, known, sent):
    return whose == "sluice" and side == "client" and known["cut"] and \
        known["length"] + 40 > LINK and max(one["length"] for one in sent) < LEAST


def quotes_little_of_tcp(whose, side, known, _):
    return whose == "sluice" and "quote" in known and side == "client" and \
        known["quote"]["protocol"] == frames.TCP and known["length"] == 8 + 40 + 8


def is_ping_from_outside(whose, side, known, _):
    return whose == "Jool" and side == "client" and kind(known) == (128, 0)


def goes_to_no_host(whose, side, known, sent):
    return whose == "Jool" and any(is_in(one["destination"], NO_HOSTS) for one in sent) and \
        (side == "server" or kind(known) == (1, 4))


def goes_to_private(whose, side, known, sent):
    if not any(is_in(one["destination"], PRIVATE) for one in sent):
        return False
    return side == "server" if whose == "Jool" else kind(known) == (1, 0)


# Fields in which the packets of both differ: (field, Jool's packet, sluice's, what was sent) →
# excused. A quote's fields begin with "quote.".

def has_narrow_class(field, jool, sluice, _):
    return field == "tos" and sluice["version"] == 4 and jool["tos"] == sluice["tos"] & 0x1c


def is_reassembled(field, jool, sluice, sent):
    if not any(one["more"] or one["offset"] for one in sent) or "quote" in sluice:
        return False
    return field == "cut" and sluice["cut"] and not jool["cut"] or \
        field == "ident" and sluice["ident"] == "as sent"


def is_cut_for_any_link(field, jool, sluice, _):
    return field in ("cut", "ident") and jool["cut"] and not sluice["cut"] and \
        jool["ident"] == "as sent" and LEAST < sluice["length"] + 40 <= LINK


def needs_no_identification(field, jool, sluice, _):
    return field == "ident" and (jool["ident"], sluice["ident"]) == ("drawn", "none") and \
        jool["df"] and sluice["df"]


def keeps_identification(field, jool, sluice, sent):
    return field == "ident" and (jool["ident"], sluice["ident"]) == ("drawn", "as sent") and \
        any(one["version"] == 6 and one["ident"] is not None for one in sent)


def quotes_no_identification(field, jool, sluice, _):
    return field == "quote.ident" and sluice["quote.ident"] == "none"


def quotes_the_fragment(field, jool, sluice, _):
    return field in ("quote.more", "quote.ident") and sluice["quote.more"] and \
        not jool["quote.more"] and sluice["quote.ident"] == "as sent"


def counts_fragment_header(field, jool, sluice, _):
    return field == "rest" and kind(sluice) == (3, 4) and sluice["quote.more"] and \
        jool["rest"] == sluice["rest"] + 8


def tells_more_than_the_link(field, jool, sluice, _):
    most = {(2, 0): LINK, (3, 4): LINK - 20}.get(kind(sluice))
    return field == "rest" and most is not None and jool["rest"] == min(sluice["rest"], most)


def tells_of_no_less_than_ipv4(field, jool, sluice, _):
    return field == "rest" and kind(sluice) == (3, 4) and sluice["rest"] == 68 and \
        jool["rest"] < 68


def is_quoted_in_full(field, jool, sluice, _):
    return field in ("length", "quote.body") and sluice["version"] == 4 and \
        jool["length"] == 576 < sluice["length"] and \
        sluice["quote.body"].startswith(jool["quote.body"])


def leaves_extensions_out(field, jool, sluice, _):
    return field in ("length", "quote.body", "rest") and jool.get("rest", 0) != 0 and \
        sluice.get("rest") == 0 and kind(sluice) in ((3, 0), (11, 0)) and \
        len(commonprefix([jool["quote.body"], sluice["quote.body"]])) >= 2 * 80


def is_their_own(field, jool, sluice, _):
    return field in ("label", "tos", "ident", "df") and "quote.body" in sluice and \
        jool["source"] == sluice["source"] == "gateway"


PACKETS = {
    "traffic-class": has_odd_class, "other-protocols": is_of_other_protocol,
    "ip-options": has_route_option, "source-route": tells_of_source_route,
    "routing-header": tells_of_routing_header, "damaged": is_damaged,
    "udp-no-checksum": has_no_udp_checksum, "udp-length": has_broken_length,
    "ping-fragments": is_ping_in_fragments, "fragments": is_incomplete,
    "large-fragments": is_large_in_small_pieces, "tcp-quote": quotes_little_of_tcp,
    "ping-inbound": is_ping_from_outside, "no-hosts": goes_to_no_host,
    "private": goes_to_private,
}
FIELDS = {
    "traffic-class": has_narrow_class, "fragments": is_reassembled, "cut": is_cut_for_any_link,
    "identification": needs_no_identification, "fragment-identification": keeps_identification,
    "quoted-identification": quotes_no_identification, "quoted-fragment": quotes_the_fragment,
    "mtu-fragment": counts_fragment_header, "mtu-link": tells_more_than_the_link,
    "mtu-least": tells_of_no_less_than_ipv4, "quote-length": is_quoted_in_full,
    "extensions": leaves_extensions_out, "own-errors": is_their_own,
}


def kind(known):
    return known.get("type"), known.get("code")


def option(known):
    """The number of the first IPv4 option."""
    return int(known["options"][:2], 16) if known.get("options") else None


def is_in(address, networks):
    """Of an IPv6 address whose last bits are an IPv4 one."""
    return any(ipaddress.IPv4Address(int(address) & 0xffffffff) in network
               for network in networks)


def flat(known, prefix=""):
    """With the fields of its quote beside the others."""
    fields = {}
    for field, value in known.items():
        if field == "quote":
            fields |= flat(value, prefix + "quote.")
        else:
            fields[prefix + field] = value
    return fields


def order(one):
    side, known = one
    quote = known.get("quote", {})
    return (side, str(known["transport"]), known.get("type", 0), known.get("code", 0),
            known["offset"], known.get("body", quote.get("body", "")), known.get("rest", 0))


def sort_of(one):
    """Packets of one sort are compared with each other."""
    return order(one)[:5]


def in_pairs(jool, sluice):
    """(Jool's packet, sluice's), one of them None where it has no counterpart."""
    sorts = sorted({sort_of(one) for one in jool + sluice})
    for sort in sorts:
        yield from zip_longest(*(sorted((one for one in found if sort_of(one) == sort), key=order)
                                 for found in (jool, sluice)))


def text(one):
    side, known = one
    fields = flat(known)
    return f"at the {side}: " + " ".join(
        f"{name}={value}" for name, value in fields.items()
        if value not in (0, False, None, "", []) and not name.endswith("body"))


class Comparison:
    def __init__(self):
        self.steps = self.packets = self.differing = 0
        self.used = set()
        self.ids = rows()
        known = {*PACKETS, *FIELDS}
        if self.ids != known:
            raise ValueError(f"{TABLE} has rows {sorted(self.ids)}, the test knows {sorted(known)}")

    def differences(self, sent, outcomes):
        """Sentences of what is not excused, and the ids of what is."""
        read = [frames.read(packet) for _, packet in sent]
        found, used = [], set()
        for jool, sluice in in_pairs(*outcomes):
            if jool is None or sluice is None:
                whose, one = ("Jool", jool) if sluice is None else ("sluice", sluice)
                ids = [name for name, excuse in PACKETS.items() if excuse(whose, *one, read)]
                found += [] if ids else [f"{whose} alone has, {text(one)}"]
                used |= set(ids)
                continue
            one, other = flat(jool[1]), flat(sluice[1])
            for field in sorted({*one, *other}):
                if one.get(field) == other.get(field):
                    continue
                ids = [name for name, excuse in FIELDS.items() if excuse(field, one, other, read)]
                if not ids:
                    found.append(f"{field}: Jool {one.get(field)}, sluice {other.get(field)}; "
                                 f"{text(sluice)}")
                used |= set(ids)
        return found, used

    def compare(self, where, sent, outcomes):
        self.steps += 1
        self.packets += len(outcomes[1])
        found, used = self.differences(sent, outcomes)
        self.used |= used
        if found:
            self.differing += 1
            print(f"{where}:", *(f"{side} sends {packet[:80].hex()}" for side, packet in sent[:4]),
                  *found, sep="\n    ", flush=True)


def rows():
    """The ids of the table."""
    section = TABLE.read_text(encoding="utf-8").partition(SECTION + "\n")[2]
    section = section.partition("\n## ")[0]
    return {match[1] for match in map(ROW.match, section.splitlines()) if match}
