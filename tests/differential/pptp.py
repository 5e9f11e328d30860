# SPDX-License-Identifier: BSD-3-Clause
"""PPTP (RFC 2637) as scripts say it: messages of a control connection, and GRE of its call.

The client gives each call the same ID, the server another to each. What the server is told in the
place of the client's is the client's public port, as nf_nat_pptp has it.
"""

import struct

from datagrams import GRE, ORIGINAL, ip_header

CALL = 7  # as the client numbers it
COOKIE = 0x1a2b3c4d
DONE, REFUSED = 1, 2

# What is said → its type and length.
MESSAGES = {"START": (1, 156), "STARTED": (2, 156), "ASK": (7, 168), "ANSWER": (8, 32),
            "REFUSE": (8, 32), "CLEAR": (12, 16), "DISCONNECT": (13, 148)}
VERSION = struct.pack("!H", 0x100)


def message(what, told, server):
    """The bytes of a message of the call that the server knows as `told`, and the client as
    `server`."""
    kind, size = MESSAGES[what]
    result = REFUSED if what == "REFUSE" else DONE
    body = {"START": VERSION,
            "STARTED": VERSION + struct.pack("!BB", DONE, 0),
            "ASK": struct.pack("!HH", CALL, 1),
            "CLEAR": struct.pack("!H", CALL),
            "DISCONNECT": struct.pack("!HB", server, 4)}.get(
                what, struct.pack("!HHB", server, told, result))
    head = struct.pack("!HHIHH", size, 1, COOKIE, kind, 0)
    return (head + body).ljust(size, b"\0")


def packet_of_call(direction, size, server, path, mark):
    """An IP datagram with GRE, for who has numbered the call so."""
    call = server if direction == ORIGINAL else path.destination_port
    body = struct.pack("!BBHHHI", 0x30, 1, 0x880b, size, call, 1) + b"x" * size
    return ip_header(path, GRE, len(body), mark) + body
