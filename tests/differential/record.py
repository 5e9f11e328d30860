# SPDX-License-Identifier: BSD-3-Clause
"""Writes down what the kernel answers, for tests/unit/conntrack/recorded_test.cc and
sctp_recorded_test.cc.

Time does not pass here, it is taken away: before each packet every flow gets 5 seconds less to
live, by netlink, as if its last refresh had been earlier. So a refresh shows, and records are
exact: what is written is the time left just after the packet.
"""

from pathlib import Path

import packets
from datagrams import NUMBERS
from kernel import SCTP_STATES, STATES, Kernel
from packets import Wait
from rig import FIRST_PORT, Rig

BATCH = 500
AGEING = 5
INITIALS = dict(zip(STATES, ("NO", "SS", "SR", "ES", "FW", "CW", "LA", "TW", "CL", "S2")))
INITIALS |= dict(zip(SCTP_STATES[1:], ("CL", "CW", "CE", "ES", "SS", "SR", "SA", "HS")))
TIMEOUTS = {"tcp": (432000, 300, 120, 60, 30, 10), "sctp": (210, 30, 10, 3)}
# Seconds that the reading may be late, which tells what no packet has refreshed from what one has.
LATENESS = {"tcp": AGEING, "sctp": 2}
SETTINGS = ("loose", "liberal", "ignore-invalid-rst", "max-retrans")

ORIGIN = """# SPDX-License-Identifier: BSD-3-Clause
# The running kernel's answers, written by scripts/differential --record. A line that begins with
"""
ANSWERS = """#   :ES3 295            passed; state by initials, status bits, seconds left
#   !                   in place of the colon: INVALID
#   --                  in place of the state: no flow
# 5 s pass before each packet, unless the flow has no more than these to live.
"""
TCP_FORM = """\
# = is a connection: its name, tcp_loose, tcp_be_liberal, tcp_ignore_invalid_rst, tcp_max_retrans,
# and the initial sequence numbers of original and reply. Below it, a segment and its answer a line:
#   o, r, then flags    direction; - for no flag
#   s a w l             sequence and acknowledgment number from the initial one (without a the
#                       field is 0), window (65535 if not given), bytes of data
#   k m p t e           window scale, MSS, SACK permitted, timestamps, a SACK block
"""
SCTP_FORM = """\
# = is an association: its name. Below it, a packet and its answer a line:
#   o, r, then chunks   direction; chunks joined by +
#   t i                 verification tag, initiate tag
#   b                   the T bit
"""
HEADS = {protocol: ORIGIN + form + ANSWERS
         for protocol, form in (("tcp", TCP_FORM), ("sctp", SCTP_FORM))}


def short(packet, protocol):
    """The packet as records keep it."""
    if protocol == "tcp":
        return packets.short(packet)
    words = [f"{letter}{packet.fields[name]}" for letter, name in (("t", "tag"), ("i", "itag"))
             if name in packet.fields]
    return " ".join([packet.direction[0] + packet.what] + words + ["b"] * ("t" in packet.fields))


def is_recorded(step):
    """A tracker sees it, and it takes no time."""
    return not isinstance(step, Wait) and not {"sum", "error"} & set(getattr(step, "fields", ()))


class Recorder:
    """What is left of each flow of a batch, in seconds of the record's own time."""

    def __init__(self, gateway, scripts):
        self.gateway, self.scripts = gateway, scripts
        self.begin()

    def begin(self):
        self.left = {}
        self.lines = [[] for _ in self.scripts]

    def age(self):
        for index in self.left:
            if self.left[index] > AGEING:
                self.left[index] -= AGEING
            key = NUMBERS[self.scripts[index].protocol], FIRST_PORT + index
            self.gateway.set_timeout(key, self.left[index])

    def visit(self, index, step, outcomes):
        outcome, script = outcomes[0], self.scripts[index]
        state, packet = outcome.state, short(script.steps[step], script.protocol)
        if outcome.fate not in ("passed", "untranslated", "dropped"):
            raise RuntimeError(f"{packet}: {outcome}")
        answer = "--"
        if state is None:
            self.left.pop(index, None)
        else:
            self.left[index] = self._exact(index, state)
            status = state.is_replied + 2 * state.is_assured
            answer = f"{INITIALS[state.name]}{status} {self.left[index]}"
        mark = ":" if outcome.fate == "passed" else "!"
        self.lines[index].append(f"{packet} {mark}{answer}")
        return True

    def _exact(self, index, state):
        """All timers of TCP are multiples of 5 s; what is less than that has passed since."""
        protocol = self.scripts[index].protocol
        near = range(state.left, state.left + LATENESS[protocol])
        if self.left.get(index) in near:
            return self.left[index]
        for timeout in TIMEOUTS[protocol]:
            if timeout in near:
                return timeout
        raise RuntimeError(f"a timer of {state.left} s is none that a packet sets")


def title(script):
    words = ["=", script.name.replace(" ", "-")]
    if script.protocol == "tcp":
        words += [script.settings[name] for name in SETTINGS] + list(script.isn)
    return " ".join(map(str, words))


def answers(scripts):
    """[text] of scripts with the same settings."""
    found = []
    with Rig(scripts[0].settings, kinds=(Kernel,)) as rig:
        for first in range(0, len(scripts), BATCH):
            batch = scripts[first:first + BATCH]
            for script in batch:
                script.steps = [step for step in script.steps if is_recorded(step)]
            recorder = Recorder(rig.sides[0].gateway, batch)
            rig.run(batch, recorder.visit, recorder.begin, recorder.age)
            for script, lines in zip(batch, recorder.lines):
                found.append("\n".join([title(script)] + lines) + "\n")
    return found


def record(folder, groups):
    """Writes a file for each of `groups`: {file name: [scripts]}, of one protocol."""
    for name, scripts in groups.items():
        by_settings = {}
        for script in scripts:
            by_settings.setdefault(tuple(script.settings.items()), []).append(script)
        parts = [text for group in by_settings.values() for text in answers(group)]
        path = Path(folder) / (name + ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADS[scripts[0].protocol] + "".join(parts), encoding="utf-8")
        print(f"{path}: {len(parts)} connections, {path.stat().st_size} bytes")

