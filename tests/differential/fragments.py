# SPDX-License-Identifier: BSD-3-Clause
"""Datagrams in fragments, as they are sent, and as they come out (RFC 791 §3.2).

Only the first has ports, so by which a datagram is known again is its identification. A gateway may
cut it otherwise than it came: what is compared is the whole.
"""

import struct

from datagrams import checksum

HEADER = 20  # bytes: no packet here has options
MORE, OFFSET = 0x2000, 0x1fff


def _packet(header, field, data, is_sound=True):
    """`data` under a header like that, with this field of flags and offset."""
    head = header[:2] + struct.pack("!H", HEADER + len(data)) + header[4:6] + \
        struct.pack("!H", field) + header[8:10] + b"\0\0" + header[12:HEADER]
    value = checksum(head) ^ (0 if is_sound else 0x5555)
    return head[:10] + struct.pack("!H", value) + head[12:] + data


def cut(datagram, size, order=()):
    """Its fragments of `size` bytes each, by their numbers in `order`; without one, as they are."""
    header, body = datagram[:HEADER], datagram[HEADER:]
    pieces = []
    for at in range(0, len(body), size):
        more = MORE if at + size < len(body) else 0
        pieces.append(_packet(header, at // 8 | more, body[at:at + size]))
    return [pieces[number] for number in order] if order else pieces


class Assembly:
    """What has come out of some datagrams so far."""

    def __init__(self):
        self.pieces = {}  # by addresses, protocol and identification: {offset: packet}

    def forget(self):
        self.pieces = {}

    def add(self, packet):
        """The datagram that the packet is, or completes; None while some of it is missing."""
        length, mark, field = struct.unpack_from("!2xHHH", packet)
        packet = packet[:length]
        if field & (MORE | OFFSET) == 0:
            return packet
        known = (packet[9:10], packet[12:HEADER], mark)
        pieces = self.pieces.setdefault(known, {})
        pieces[(field & OFFSET) * 8] = packet
        whole = self._whole(pieces)
        if whole:
            del self.pieces[known]
        return whole

    @staticmethod
    def _whole(pieces):
        body, is_last = b"", False
        for offset, packet in sorted(pieces.items()):
            if offset != len(body):
                return None
            body += packet[HEADER:]
            is_last = not struct.unpack_from("!H", packet, 6)[0] & MORE
        if not is_last:
            return None
        is_sound = all(checksum(packet[:HEADER]) == 0xffff for packet in pieces.values())
        return _packet(pieces[0], 0, body, is_sound)
