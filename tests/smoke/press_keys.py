# SPDX-License-Identifier: BSD-3-Clause
"""Runs a program on a terminal of 80 columns and 24 lines, and presses keys.

    press_keys.py KEYS TEXT PROGRAM [ARGUMENT...]

Waits until the program has shown TEXT, presses KEYS, and ends as the program does; 3 when it has
not shown TEXT, or does not end, in 20 seconds. What it showed goes to stdout."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 20

keys, text, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.environ["TERM"] = "vt100"
    os.execvp(command[0], command)

shown = b""
deadline = time.monotonic() + PATIENCE
is_pressed = False
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # the program has closed its end
        piece = b""
    if not piece:
        break
    shown += piece
    if text in shown and not is_pressed:
        os.write(terminal, keys)
        is_pressed = True
else:
    os.kill(pid, signal.SIGKILL)
sys.stdout.buffer.write(shown)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status if is_pressed and status >= 0 else 3)
