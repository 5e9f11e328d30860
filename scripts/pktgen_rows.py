# SPDX-License-Identifier: BSD-3-Clause
"""What scripts/pktgen has measured: rows as sluice-bench --json prints them, behind a first line
that says on which machine, when and how.
"""

from peers import BadFile, fault_of, parse

HEAD = {"machine": str, "date": str, "generator": str, "rate": (int, float), "rounds": int,
        "duration": (int, float), "confirm": (int, float), "precision": (int, float)}
BENCH = "pktgen"


def read(path):
    """The first line of a file, and its figures. Raises BadFile."""
    rows = parse(path)
    head = rows[0][1] if rows else None
    if not isinstance(head, dict) or not all(isinstance(head.get(key), kind)
                                             for key, kind in HEAD.items()):
        raise BadFile(f"{path}: does not begin with a line that has {', '.join(HEAD)}")
    for where, row in rows[1:]:
        if fault := fault_of(row, [BENCH], may_be_0=True):
            raise BadFile(f"{where} {fault}")
    if len(rows) == 1:
        raise BadFile(f"{path}: has no rows behind the first line")
    return head, [{"target": None, "reached": None, **row} for _, row in rows[1:]]


def read_all(paths):
    """What is known of each file, and all figures. Of more than one file each unit has the name of
    the machine behind it, so that they stand beside each other."""
    files = [read(path) for path in paths]
    heads = [head for head, _ in files]
    if len({head["machine"] for head in heads}) < len(heads):
        raise BadFile("two files of scripts/pktgen name the same machine: MACHINE tells runs apart")
    figures = []
    for head, rows in files:
        on = f", {head['machine']}" if len(files) > 1 else ""
        figures += [{**row, "unit": row["unit"] + on} for row in rows]
    # In the order of the cases, so that machines stand below each other.
    cases = list(dict.fromkeys(str(figure["case"]) for figure in figures))
    return heads, sorted(figures, key=lambda figure: cases.index(str(figure["case"])))


def condition(head):
    return f" {head['generator']} with {head['machine']}: {head['rate']:g} % of the line's rate " \
           f"at most, {head['duration']:g} s a trial; {head['date']}."


def size_of(figure):
    """Bytes on the wire; None where they vary."""
    words = figure["case"]["proto"].split()
    return int(words[-2]) if words[-1] == "bytes" and words[-2].isdigit() else None


def lines_of(figures, direction, name_of_flows):
    """What the plot of a direction shows: label, style, and millions of packets by size."""
    lines = {}
    for figure in figures:
        unit, case = figure["unit"], figure["case"]
        is_rate = unit.split(",")[0] == "packets/s"  # sent, lost and shares are in the table
        if figure["bench"] == BENCH and is_rate and case["direction"] == direction and \
                size_of(figure) is not None:
            words = unit.split(", ")[1:]
            kind = ", ".join(words if words and words[0][:3] in ("NDR", "PDR")
                             else ["received", *words])
            label = f"{kind}: {name_of_flows(case['flows'])} flows, {case['workers']} workers"
            lines.setdefault(label, []).append((size_of(figure), figure["value"] / 1e6))
    for label, points in lines.items():
        yield label, {"marker": "o"}, sorted(points)
