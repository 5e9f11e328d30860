# SPDX-License-Identifier: BSD-3-Clause
"""Prints a pcapng file, a line a packet: interface, in or out, addresses, comment.

    read_capture.py FILE

A reader of its own, so that what sluicectl writes is not judged by the code that wrote it. Ends
with an error when a block is not whole."""
import socket
import struct
import sys

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6


def options(body):
    found = {}
    while len(body) >= 4:
        code, size = struct.unpack_from("<HH", body)
        if code == 0:
            break
        found[code] = body[4:4 + size]
        body = body[4 + (size + 3) // 4 * 4:]
    return found


def blocks(data):
    while data:
        kind, length = struct.unpack_from("<II", data)
        if length % 4 or length < 12 or struct.unpack_from("<I", data, length - 4)[0] != length:
            sys.exit("a block is not whole")
        yield kind, data[8:length - 4]
        data = data[length:]


def addresses(frame):
    if frame[12:14] != b"\x08\x00" or len(frame) < 34:
        return "- -"
    return f"{socket.inet_ntoa(frame[26:30])} {socket.inet_ntoa(frame[30:34])}"


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    names = []
    for kind, body in blocks(data):
        if kind == SECTION and struct.unpack_from("<IHH", body) != (0x1A2B3C4D, 1, 0):
            sys.exit("no section of pcapng 1.0")
        if kind == INTERFACE:
            names.append(options(body[8:])[2].decode())
        if kind != PACKET:
            continue
        interface, _, _, captured, length = struct.unpack_from("<5I", body)
        if captured > length:
            sys.exit("more captured than there was")
        frame = body[20:20 + captured]
        told = options(body[20 + (captured + 3) // 4 * 4:])
        way = "out" if struct.unpack("<I", told[2])[0] & 3 == 2 else "in"
        print(names[interface], way, addresses(frame), told.get(1, b"").decode())


main()
