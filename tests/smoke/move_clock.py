# SPDX-License-Identifier: BSD-3-Clause
"""Moves the clocks of a program that has moved_clock.so.

    move_clock.py FILE make            makes the file that both share
    move_clock.py FILE pass DAYS       lets days go by, in steps of hours, each seen by the program
    move_clock.py FILE pass_seconds N  lets seconds go by, in one step
    move_clock.py FILE set SECONDS     sets the time of day on, or back where SECONDS is negative
"""
import mmap
import sys
import time

SECOND = 10**9
STEP_HOURS = 2
READINGS = 4  # a turn reads the clock once, and may be under way when the clock is moved
MONOTONIC, WALL, READ = 0, 1, 2


# Numbers are written whole, as by one store: struct.pack_into() writes byte by byte, and who reads
# meanwhile may be days ahead for a moment.
def add(page, clock, nanoseconds):
    page[clock] += nanoseconds


def wait_until_seen(page):
    wanted = page[READ] + READINGS
    deadline = time.monotonic() + 20
    while page[READ] < wanted:
        if time.monotonic() > deadline:
            sys.exit("the program does not read its clock")
        time.sleep(0.001)


def let_pass(page, nanoseconds):
    for clock in (MONOTONIC, WALL):
        add(page, clock, nanoseconds)
    wait_until_seen(page)


def main(path, command, amount="0"):
    if command == "make":
        with open(path, "wb") as file:
            file.write(bytes(4096))
        return
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 4096) as mapped, \
            memoryview(mapped) as whole, whole.cast("q") as page:
        if command == "set":
            add(page, WALL, int(amount) * SECOND)
            wait_until_seen(page)
            return
        if command == "pass_seconds":
            let_pass(page, int(amount) * SECOND)
            return
        for _ in range(int(amount) * 24 // STEP_HOURS):
            let_pass(page, STEP_HOURS * 3600 * SECOND)


main(*sys.argv[1:])
