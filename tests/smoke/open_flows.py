#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Opens flows of UDP, by one packet each, as fast as it can.

open_flows.py COUNT INTERFACE GATEWAY-MAC

From 64 inside addresses of 10.1.0.0/24 to the discard port of 32 addresses of 203.0.113.0/24.
"""

import socket
import struct
import sys

SOURCES = 64
FIRST_SOURCE = 128
SERVERS = 32
FIRST_SERVER = 100
FIRST_PORT = 1024
DISCARD = 9


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def header(source, server):
    fields = [0x45, 0, 28, 0, 0, 64, socket.IPPROTO_UDP, 0, bytes((10, 1, 0, source)),
              bytes((203, 0, 113, server))]
    form = ">BBHHHBBH4s4s"
    fields[7] = checksum(struct.pack(form, *fields))
    return struct.pack(form, *fields)


def main(count, interface, mac):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0x0800))
        own = wire.getsockname()[4]
        front = bytes.fromhex(mac.replace(":", "")) + own + b"\x08\x00"
        fronts = [front + header(FIRST_SOURCE + i, FIRST_SERVER + i % SERVERS)
                  for i in range(SOURCES)]
        left = int(count)
        port = FIRST_PORT
        while left > 0:
            udp = struct.pack(">HHHH", port, DISCARD, 8, 0)
            for each in fronts[:left]:
                wire.send(each + udp)
            left -= SOURCES
            port += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
