# SPDX-License-Identifier: BSD-3-Clause
"""Writes a manual page from what a program says of itself.

    man_page.py PROGRAM SECTION VERSION [SUBCOMMAND...]
    man_page.py --file PROGRAM VERSION

`--help` is the one source: its first line is NAME, its headings are sections, an entry begins in
its third column and goes on further in. A page has the help of each subcommand, too. With --file
the page is that of PROGRAM.conf, which has a line for each flag below the first heading."""
import os
import re
import subprocess
import sys

FORMAT = """\
A line is `flag = value`, or the name alone of a flag without a value. Sections stand in brackets;
without them, any flag may stand anywhere. A value is the rest of its line; quotes, double or
single, keep a comma or a ` #` in it. Several values are a list in brackets, or lines of the same
flag. A comment begins with # at the start of a line or behind a blank, or with ; at the start.
.PP
A flag on the command line has priority over the file. The program refuses what it does not know,
by file, line and column; `sluicectl config check FILE` does nothing else. A gateway that runs reads
the file again when it gets SIGHUP, or by `sluicectl reload`.
"""

ENTRY = re.compile(r"^  (\S.*?)(?: {2,}(.*))?$")
HEADING = re.compile(r"^(\S.*):$")


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def help_of(program, *words):
    return subprocess.run([program, *words, "--help"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()


def body(lines):
    """The lines of a help text, without its description, as roff."""
    page = []
    for line in lines:
        heading, entry = HEADING.match(line), ENTRY.match(line)
        if heading:
            page.append(f".SS {escape(heading[1])}")
        elif entry:
            page += [".TP", f".B {escape(entry[1])}", escape(entry[2] or "")]
        elif line.strip():
            page.append(escape(line.strip()))
    return [line for line in page if line]


def synopsis(usage, subcommands):
    """What follows the name; a program of C++ does not say what may follow its flags."""
    words = usage.partition("[OPTIONS]")[2].strip()
    if subcommands:
        return "[OPTIONS] SUBCOMMAND"
    return f"[OPTIONS] {words or '[-- EAL ARGUMENTS]'}"


def file_page(program, version):
    name = os.path.basename(program) + ".conf"
    lines = help_of(program)
    first = [i for i, line in enumerate(lines) if HEADING.match(line)][1]  # behind --help and such
    out = [f'.TH {name.upper()} 5 "" "sluice {version}"', ".SH NAME",
           f"{escape(name)} \\- what {os.path.basename(program)}(8) does", ".SH DESCRIPTION",
           FORMAT.strip()]
    for line in lines[first:]:
        heading, entry = HEADING.match(line), ENTRY.match(line)
        if heading:
            section = re.match(r"\w+", heading[1])[0].lower()
            out.append(f".SH THE SECTION [{escape(section)}]")
        elif entry:
            flag, _, value = entry[1].rpartition("--")[2].partition(" ")
            out += [".TP", f".B {escape(flag + (' = ' + value if value else ''))}",
                    escape(entry[2] or "")]
        elif line.strip():
            out.append(escape(line.strip()))
    out += [".SH SEE ALSO", "/etc/sluice/sluice.conf of the package has every flag;",
            ".I /usr/share/doc/sluice/docs/configuration.md", "says more of each"]
    return "\n".join(line for line in out if line) + "\n"


def page(program, section, version, subcommands):
    name = os.path.basename(program)
    lines = help_of(program)
    usage = next(i for i, line in enumerate(lines) if line.startswith("Usage:"))
    summary = lines[0].removeprefix(f"{name}: ").rstrip(".")
    out = [f'.TH {name.upper()} {section} "" "sluice {version}"', ".SH NAME",
           f"{escape(name)} \\- {escape(summary)}", ".SH SYNOPSIS", f".B {escape(name)}",
           escape(synopsis(lines[usage], subcommands)),
           ".SH DESCRIPTION", *map(escape, lines[:usage]), ".SH OPTIONS", *body(lines[usage + 1:])]
    for words in subcommands:
        sub = help_of(program, words)
        begin = next((i for i, line in enumerate(sub) if line.startswith("Usage:")), 0)
        out += [f".SH {escape(name.upper())} {escape(words.upper())}", *map(escape, sub[:begin]),
                *body(sub[begin + 1:])]
    out += [".SH SEE ALSO", "The guides in", ".I /usr/share/doc/sluice/docs"]
    return "\n".join(out) + "\n"


if sys.argv[1] == "--file":
    sys.stdout.write(file_page(*sys.argv[2:]))
else:
    sys.stdout.write(page(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
