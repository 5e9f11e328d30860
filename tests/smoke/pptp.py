#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The two ends of PPTP (RFC 2637), as far as a NAT sees them: control messages, and GRE of calls.

    pptp.py serve ADDRESS              answers calls, each packet of one by another; "listening"
    pptp.py call LOCAL SERVER ID       has a call with this ID, says "spoke", and clears it
    pptp.py hold LOCAL SERVER ID       likewise, and keeps it

The server says that a call has ended by its own ID (RFC 2637 §2.13); the client expects its own
there, as a NAT puts it.
"""

import itertools
import signal
import socket
import struct
import sys
import threading

START, STARTED, ASK, ANSWER, CLEAR, DISCONNECT = 1, 2, 7, 8, 12, 13
BYTES = {START: 156, STARTED: 156, ASK: 168, ANSWER: 32, CLEAR: 16, DISCONNECT: 148}
PORT, GRE = 1723, 47


def message(kind, first=0, second=0, result=0):
    head = struct.pack("!HHIHH", BYTES[kind], 1, 0x1A2B3C4D, kind, 0)
    return (head + struct.pack("!HHB", first, second, result)).ljust(BYTES[kind], b"\0")


def read(stream):
    """Type and the two words behind the header of the next message; None at the end."""
    head = stream.read(12)
    if len(head) < 12:
        return None
    length, _, cookie, kind, _ = struct.unpack("!HHIHH", head)
    if cookie != 0x1A2B3C4D:
        raise ValueError("not PPTP")
    return (kind, *struct.unpack_from("!HH", stream.read(length - 12)))


def expect(stream, kind, *words):
    """The words of the next message, which begin with these."""
    heard = read(stream)
    if heard is None or heard[0] != kind or heard[1:1 + len(words)] != words:
        sys.exit(f"heard {heard}, not {(kind, *words)}")
    return heard[1:]


def raw_socket(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, GRE)
    sock.bind((address, 0))
    sock.settimeout(5)
    return sock


def gre(call_id, data):
    return struct.pack("!BBHHHI", 0x30, 1, 0x880B, len(data), call_id, 1) + data


def read_gre(packet):
    """Call ID and data of what a raw socket has received."""
    start = (packet[0] & 15) * 4
    return struct.unpack_from("!H", packet, start + 6)[0], packet[start + 12:]


def answer(connection, numbers, calls):
    with connection, connection.makefile("rb") as stream:
        own = next(numbers)
        while heard := read(stream):
            kind, first, _ = heard
            if kind == START:
                connection.sendall(message(STARTED, 0x100, 0x100))
            elif kind == ASK:
                calls[own] = (connection.getpeername()[0], first)
                connection.sendall(message(ANSWER, own, first, 1))
            elif kind == CLEAR:
                connection.sendall(message(DISCONNECT, own))


def serve(address):
    numbers, calls = itertools.count(100), {}
    packets = raw_socket(address)
    packets.settimeout(None)

    def turn_back():
        while True:
            packet, (source, _) = packets.recvfrom(2048)
            call_id, data = read_gre(packet)
            if call_id in calls and calls[call_id][0] == source:
                packets.sendto(gre(calls[call_id][1], data), (source, 0))

    threading.Thread(target=turn_back, daemon=True).start()
    with socket.create_server((address, PORT)) as listener:
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection, numbers, calls),
                             daemon=True).start()


def speak(packets, server, server_id, own):
    """A packet of the call there and back."""
    host = packets.getsockname()[0].rpartition(".")[2]  # all of it is not to leave
    data = f"call {own} of host {host}".encode()
    packets.sendto(gre(server_id, data), (server, 0))
    if read_gre(packets.recv(2048)) != (own, data):
        sys.exit("GRE of somebody else's call")


def call(local, server, own, holds=False):
    own = int(own)
    with raw_socket(local) as packets, \
            socket.create_connection((server, PORT), 5, (local, 0)) as connection, \
            connection.makefile("rb") as stream:
        connection.sendall(message(START, 0x100))
        expect(stream, STARTED)
        connection.sendall(message(ASK, own, 1))
        server_id = read(stream)[1]
        for _ in range(3):
            speak(packets, server, server_id, own)
        print("spoke", flush=True)
        if holds:
            signal.pause()
        connection.sendall(message(CLEAR, own))
        expect(stream, DISCONNECT, own)


def hold(local, server, own):
    call(local, server, own, holds=True)


if __name__ == "__main__":
    {"serve": serve, "call": call, "hold": hold}[sys.argv[1]](*sys.argv[2:])
