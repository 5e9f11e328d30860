# SPDX-License-Identifier: BSD-3-Clause
"""Writes down what the kernel answers, for tests/unit/conntrack/recorded_test.cc.

Time does not pass here, it is taken away: before each packet every flow gets 5 seconds less to
live, by netlink, as if its last refresh had been earlier. So a refresh shows, and records are
exact: what is written is the time left just after the packet.
"""

from pathlib import Path

from kernel import STATES, Kernel
from packets import Packet, short
from rig import DEFAULTS, FIRST_PORT, Rig

BATCH = 500
AGEING = 5
INITIALS = dict(zip(STATES, ("NO", "SS", "SR", "ES", "FW", "CW", "LA", "TW", "CL", "S2")))
TIMEOUTS = (432000, 300, 120, 60, 30, 10)

HEAD = """# SPDX-License-Identifier: BSD-3-Clause
# The running kernel's answers, written by scripts/differential --record. A line that begins with
# = is a connection: its name, tcp_loose, tcp_be_liberal, tcp_ignore_invalid_rst, tcp_max_retrans,
# and the initial sequence numbers of original and reply. Below it, a segment and its answer a line:
#   o, r, then flags    direction; - for no flag
#   s a w l             sequence and acknowledgment number from the initial one (without a the
#                       field is 0), window (65535 if not given), bytes of data
#   k m p t e           window scale, MSS, SACK permitted, timestamps, a SACK block
#   :ES3 295            passed; state by initials, status bits, seconds left
#   !                   in place of the colon: INVALID
#   --                  in place of the state: no flow
# 5 s pass before each segment, unless the flow has no more than these to live.
"""


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
            self.gateway.set_timeout(FIRST_PORT + index, self.left[index])

    def visit(self, index, step, outcomes):
        outcome, packet = outcomes[0], self.scripts[index].steps[step]
        state = outcome.state
        if outcome.fate not in ("passed", "untranslated", "dropped"):
            raise RuntimeError(f"{short(packet)}: {outcome}")
        answer = "--"
        if state is None:
            self.left.pop(index, None)
        else:
            self.left[index] = self._exact(index, state)
            status = state.is_replied + 2 * state.is_assured
            answer = f"{INITIALS[state.name]}{status} {self.left[index]}"
        mark = ":" if outcome.fate == "passed" else "!"
        self.lines[index].append(f"{short(packet)} {mark}{answer}")
        return True

    def _exact(self, index, state):
        """All timers here are multiples of 5 s; what is less than that has passed since."""
        near = range(state.left, state.left + AGEING)
        if self.left.get(index) in near:
            return self.left[index]
        for timeout in TIMEOUTS:
            if timeout in near:
                return timeout
        raise RuntimeError(f"a timer of {state.left} s is none that a packet sets")


def answers(scripts):
    """[text] of scripts with the same settings."""
    found = []
    with Rig(scripts[0].settings, kinds=(Kernel,)) as rig:
        for first in range(0, len(scripts), BATCH):
            batch = scripts[first:first + BATCH]
            for script in batch:
                script.steps = [step for step in script.steps if isinstance(step, Packet)]
            recorder = Recorder(rig.sides[0].gateway, batch)
            rig.run(batch, recorder.visit, recorder.begin, recorder.age)
            for script, lines in zip(batch, recorder.lines):
                numbers = [script.settings[name] for name in DEFAULTS] + list(script.isn)
                found.append("\n".join([f"= {script.name.replace(' ', '-')} "
                                        f"{' '.join(map(str, numbers))}"] + lines) + "\n")
    return found


def record(folder, groups):
    """Writes cases.txt and sequences.txt. `groups`: {file name: [scripts]}."""
    for name, scripts in groups.items():
        by_settings = {}
        for script in scripts:
            by_settings.setdefault(tuple(script.settings.items()), []).append(script)
        parts = [text for group in by_settings.values() for text in answers(group)]
        path = Path(folder) / (name + ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + "".join(parts), encoding="utf-8")
        print(f"{path}: {len(parts)} connections, {path.stat().st_size} bytes")

