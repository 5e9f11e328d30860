# SPDX-License-Identifier: BSD-3-Clause
"""Figures of others, which the user has measured: read, checked, put beside sluice's.

A file has rows as sluice-bench --json prints them, one object a line or all in a list, each with
the name of who was measured in "peer". "min", "max" and "rounds" may be left out; of the rest, what
sluice-bench says of its own targets and ratios, nothing is read.
"""

import json
import math
from pathlib import Path

KEYS = ["proto", "direction", "order", "burst", "flows", "workers"]
COUNTS = ("burst", "flows", "workers")


class BadFile(Exception):
    """What is wrong with a file of a peer's figures, in one sentence."""


def parse(path):
    """The rows of a file, each with the words that tell where it stands."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadFile(f"{path}: cannot be read: {reason}") from error
    if text.lstrip().startswith("["):
        try:
            return [(f"{path}: row {nth}", row) for nth, row in enumerate(json.loads(text), 1)]
        except ValueError as error:
            raise BadFile(f"{path}: is not JSON: {error}") from error
    rows = []
    for nth, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append((f"{path}: line {nth}", json.loads(line)))
        except ValueError as error:
            raise BadFile(f"{path}: line {nth} is not JSON: {error}") from error
    return rows


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and \
        math.isfinite(value)


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def fault_of_case(case):
    if not isinstance(case, dict) or set(case) != set(KEYS):
        return f'"case" needs {", ".join(KEYS)} and nothing else'
    for key in KEYS:
        if key in COUNTS and not is_count(case[key]):
            return f'"{key}" of the case is not a count'
        if key not in COUNTS and not isinstance(case[key], str):
            return f'"{key}" of the case is not a word'
    return None


def fault_of_peer(row):
    if not isinstance(row, dict):
        return "is not an object"
    if not isinstance(row.get("peer"), str) or not row["peer"].strip():
        return 'has no "peer"'
    if row["peer"].strip().lower() == "sluice":
        return 'names sluice as the "peer": it stands in the report without'
    return None


def fault_of(row, benches, may_be_0=False):
    """What is wrong with a row, whoever was measured; None if nothing."""
    if not isinstance(row, dict):
        return "is not an object"
    for key in ("bench", "unit"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            return f'has no "{key}"'
    if row["bench"] not in benches:
        return f'"bench" is none of {", ".join(benches)}'
    if fault := fault_of_case(row.get("case")):
        return fault
    if not is_number(row.get("value")) or row["value"] < 0:
        return 'has no "value", or one below 0'
    if row["value"] == 0 and not may_be_0:
        return 'has no "value" above 0'
    least, most = row.get("min", row["value"]), row.get("max", row["value"])
    if not is_number(least) or not is_number(most) or not 0 <= least <= row["value"] <= most:
        return '"value" is not between "min" and "max"'
    if not is_count(row.get("rounds", 1)) or row.get("rounds", 1) == 0:
        return '"rounds" is not a count'
    return None


def read(path, benches):
    """The figures of a file. Raises BadFile."""
    rows = parse(path)
    if not rows:
        raise BadFile(f"{path}: has no rows")
    figures = []
    for where, row in rows:
        if fault := fault_of_peer(row) or fault_of(row, benches):
            raise BadFile(f"{where} {fault}")
        figures.append({"bench": row["bench"], "case": {key: row["case"][key] for key in KEYS},
                        "value": row["value"], "unit": row["unit"],
                        "min": row.get("min", row["value"]), "max": row.get("max", row["value"]),
                        "rounds": row.get("rounds", 1), "peer": row["peer"].strip()})
    return figures


def names(figures):
    return list(dict.fromkeys(figure["peer"] for figure in figures))


def is_beside(theirs, ours):
    return all(theirs[key] == ours[key] for key in ("bench", "case", "unit"))


def shown(figure, unit):
    """As a figure of the tables, which has no target."""
    return {**figure, "unit": unit, "target": None, "reached": None}


def rows_beside(ours, figures):
    """What the tables have behind a figure of sluice: those of peers for the same case and unit,
    and how many times theirs it is. The range is that of any round of one beside any of the other.
    """
    for theirs in figures:
        if not is_beside(theirs, ours):
            continue
        yield shown(theirs, f"{theirs['unit']}, {theirs['peer']}")
        if theirs["min"] > 0:
            times = {"value": ours["value"] / theirs["value"],
                     "min": ours["min"] / theirs["max"], "max": ours["max"] / theirs["min"]}
            yield shown({**theirs, **times}, f"times the {theirs['unit']} of {theirs['peer']}")


def with_peers(ours, theirs):
    """Figures for a table: sluice's, each with its peers', and behind them what stands alone."""
    for figure in ours:
        yield figure
        yield from rows_beside(figure, theirs)
    for figure in theirs:
        if not any(is_beside(figure, each) for each in ours):
            yield shown(figure, f"{figure['unit']}, {figure['peer']}")
