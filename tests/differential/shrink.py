# SPDX-License-Identifier: BSD-3-Clause
"""Makes a script that differs shorter and plainer, as long as it differs."""

from dataclasses import replace

from datagrams import Datagram
from packets import Packet

PLAIN = {"cut": 0, "order": "", "len": 0, "mss": None, "wscale": None, "sackok": False,
         "timestamps": False, "sack": (), "win": 65535}
# What a datagram can do without; all of one entry together.
SPARE = (("sum",), ("behind",), ("cover",), ("mtu",), ("quote",), ("order",), ("cut", "order"))
MOST_WHOLE = 1400  # bytes of payload


def shorter(script):
    """The script less one step, for each step."""
    for at in range(len(script.steps)):
        yield replace(script, steps=script.steps[:at] + script.steps[at + 1:])


def plainer_packets(packet):
    """The packet with one field at its default. What is cut keeps its length."""
    for name, value in PLAIN.items():
        if getattr(packet, name) != value and not (name == "len" and packet.cut):
            rest = {"order": ""} if name == "cut" else {}
            yield replace(packet, **{name: value}, **rest)


def plainer_datagrams(datagram):
    """Likewise. What is too long for one packet stays cut."""
    for names in SPARE:
        is_needed = "cut" in names and datagram.number("len") > MOST_WHOLE
        if names[0] in datagram.fields and not is_needed:
            yield replace(datagram, fields={name: value for name, value in datagram.fields.items()
                                            if name not in names})


def plainer(script):
    """The script with one field of one packet at its default."""
    for at, step in enumerate(script.steps):
        plain = plainer_packets if isinstance(step, Packet) else \
            plainer_datagrams if isinstance(step, Datagram) else lambda _: ()
        for simpler in plain(step):
            yield replace(script, steps=[*script.steps[:at], simpler, *script.steps[at + 1:]])


def simplest_isn(script):
    if script.isn != (1000000, 5000000):
        yield replace(script, isn=(1000000, 5000000))


def shrink(trial, script):
    """Tries all candidates of one kind at once, takes the first that still differs, and begins
    again; ends when none does."""
    while True:
        for candidates in (shorter, simplest_isn, plainer):
            tried = [candidate for candidate in candidates(script) if candidate.steps]
            failures = trial.run(tried) if tried else {}
            if failures:
                first = min(failures)
                steps = tried[first].steps[:failures[first][0] + 1]
                script = replace(tried[first], steps=steps)
                break
        else:
            return script
