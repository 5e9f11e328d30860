#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pktgen_search_test.py BENCH PKTGEN: scripts/pktgen finds the rate without loss of a gateway that
is made of arithmetic, and scripts/bench shows its rows.

Lua runs the scripts here, not Pktgen; its library is asked, for that is what Pktgen brings with it.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LIBRARIES = ("liblua5.4.so.0", "liblua5.3.so.0")
SKIPPED = 77  # meson's number
ALL_RESULTS = -1  # LUA_MULTRET
# What the gateway takes each way: 42.3456 % of the line's million packets a second.
LIMIT = 423456


def fail(message):
    print(f"not ok: {message}")
    sys.exit(1)


def library():
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    print(f"SKIP: none of {', '.join(LIBRARIES)}")
    sys.exit(SKIPPED)


def run_lua(lua, script):
    lua.luaL_newstate.restype = ctypes.c_void_p
    lua.lua_tolstring.restype = ctypes.c_char_p
    state = ctypes.c_void_p(lua.luaL_newstate())
    lua.luaL_openlibs(state)
    if lua.luaL_loadfilex(state, os.fsencode(script), None) != 0 or \
            lua.lua_pcallk(state, 0, ALL_RESULTS, 0, ctypes.c_ssize_t(0), None) != 0:
        fail(lua.lua_tolstring(state, -1, None).decode())
    lua.lua_close(state)


def rows_of(path):
    head, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return head, rows


def check_search(path):
    head, rows = rows_of(path)
    if head["machine"] != 'of "arithmetic"' or head["confirm"] != 2 or head["duration"] != 1:
        fail(f"the first line is {head}")
    if len(rows) != 2 * 3 * 4:  # sizes, directions; a rate and its share of the line, of both
        fail(f"{len(rows)} rows")
    for row in rows:
        ways = 2 if row["case"]["direction"] == "half" else 1
        if not row["min"] <= row["value"] <= row["max"] or row["rounds"] < 1:
            fail(f"no range: {row}")
        if row["case"]["flows"] != 1016 or row["case"]["order"] != "in turn":
            fail(f"no case of 1k: {row}")
        if row["unit"] == "packets/s, NDR" and \
                not LIMIT * ways - 5000 * ways <= row["value"] <= LIMIT * ways <= row["max"]:
            fail(f"not the rate without loss: {row}")
        if row["unit"] == "packets/s, PDR 0.5 %" and row["value"] < LIMIT * ways * 0.99:
            fail(f"not the rate with so much loss: {row}")
        if row["unit"] == "% of the line's rate, NDR" and \
                not 41.8 <= row["value"] <= 42.3456 <= row["max"] <= 42.9:
            fail(f"not the share of the line: {row}")


def check_sweep(path):
    head, rows = rows_of(path)
    values = {row["unit"]: row["value"] for row in rows}
    if values != {"packets/s sent": 1e6, "packets/s": LIMIT, "% of packets lost": 57.6544}:
        fail(f"a sweep says {values}")
    case = rows[0]["case"]
    if head["rounds"] != 3 or rows[0]["rounds"] != 3 or case["flows"] != 40000 or \
            case["workers"] != 4 or case["order"] != "random" or case["proto"] != "udp, 64 bytes":
        fail(f"not the case of the environment: {case}")


def show(bench, folder, *arguments):
    return subprocess.run([bench, "--output", folder, *arguments], capture_output=True, text=True,
                          check=False)


def check_report(bench, folder):
    run = show(bench, folder, "--pktgen", folder / "search", "--pktgen", folder / "sweep")
    if run.returncode != 0:
        fail(f"scripts/bench does not take the rows: {run.stderr}")
    report = (folder / "bench.html").read_text(encoding="utf-8")
    for text in ("<td>packets/s, another</td>", "<td>udp, 1518 bytes</td>",
                 "packets/s, NDR, of &quot;arithmetic&quot;</td>",
                 "Pktgen-DPDK with another: 100 % of the line&#x27;s rate at most, 2 s a trial"):
        if text not in report:
            fail(f"the report does not say {text}")
    lines = (folder / "sweep").read_text(encoding="utf-8").splitlines()
    for bad, sentence in (([], "does not begin with a line that has machine,"),
                          (lines[1:], "does not begin with a line that has machine,"),
                          (lines[:1], "has no rows behind the first line"),
                          ([*lines[:2], "{}"], 'line 3 has no "bench"'),
                          ([lines[0], lines[1].replace("pktgen", "forward")], "none of pktgen")):
        (folder / "bad").write_text("\n".join(bad), encoding="utf-8")
        run = show(bench, folder, "--pktgen", folder / "bad")
        if run.returncode == 0 or sentence not in run.stderr or run.stderr.count("\n") != 1:
            fail(f"{sentence}: {run.stderr}")
    run = show(bench, folder, "--pktgen", folder / "sweep", "--pktgen", folder / "sweep")
    if run.returncode == 0 or "name the same machine" not in run.stderr:
        fail(f"one machine twice: {run.stderr}")


def main():
    bench, pktgen = sys.argv[1:]
    lua = library()
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FOLDER": name, "SLUICE_PKTGEN": pktgen}
        run_lua(lua, Path(__file__).with_suffix(".lua"))
        check_search(Path(name) / "search")
        check_sweep(Path(name) / "sweep")
        check_report(bench, Path(name))
    print("ok: found, and shown")


if __name__ == "__main__":
    main()
