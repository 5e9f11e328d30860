#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Opens TCP connections and closes them when told to.

hold_connections.py COUNT SERVER PORT [LOCAL-PORT]

Says "open" when all are, closes them at SIGUSR1, and says "closed".
"""

import signal
import socket
import sys


def main(count, server, port, local_port="0"):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    connections = [socket.create_connection((server, int(port)), timeout=10,
                                            source_address=("", int(local_port)))
                   for _ in range(int(count))]
    print("open", flush=True)
    signal.sigwait({signal.SIGUSR1})
    for connection in connections:
        connection.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
