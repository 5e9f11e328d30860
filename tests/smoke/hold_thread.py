# SPDX-License-Identifier: BSD-3-Clause
"""Stops one thread of a process: hold_thread.py PID FILE. Holds the last lcore of that process by
ptrace, makes FILE when it stands, and lets it go when it ends itself."""
import ctypes
import os
import pathlib
import signal
import sys

PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
WAIT_ALL = 0x40000000  # __WALL: threads, too

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def last_lcore(pid):
    names = {int(task.name): (task / "comm").read_text().strip()
             for task in pathlib.Path(f"/proc/{pid}/task").iterdir()}
    return max((name, thread) for thread, name in names.items()
               if name.startswith(("lcore-worker", "rte-worker")))[1]


thread = last_lcore(int(sys.argv[1]))
ptrace(PTRACE_SEIZE, thread)
ptrace(PTRACE_INTERRUPT, thread)
os.waitpid(thread, WAIT_ALL)
pathlib.Path(sys.argv[2]).touch()
signal.pause()  # the kernel lets the thread go when its tracer ends
