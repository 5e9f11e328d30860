# SPDX-License-Identifier: BSD-3-Clause
"""Makes a script that differs shorter and plainer, as long as it differs."""

from dataclasses import replace

from packets import Packet

PLAIN = {"len": 0, "mss": None, "wscale": None, "sackok": False, "timestamps": False, "sack": (),
         "win": 65535}


def shorter(script):
    """The script less one step, for each step."""
    for at in range(len(script.steps)):
        yield replace(script, steps=script.steps[:at] + script.steps[at + 1:])


def plainer(script):
    """The script with one field of one packet at its default."""
    for at, step in enumerate(script.steps):
        if isinstance(step, Packet):
            for name, value in PLAIN.items():
                if getattr(step, name) != value:
                    steps = list(script.steps)
                    steps[at] = replace(step, **{name: value})
                    yield replace(script, steps=steps)


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
