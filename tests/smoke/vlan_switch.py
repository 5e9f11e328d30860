#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A switch with one trunk: vlan_switch.py TRUNK PORT=VLAN...

What arrives at a port leaves by the trunk with the tag of the port's VLAN; what arrives at the
trunk with a tag leaves by the port of that VLAN without it. The VLAN 0 stands for no tag. Large
frames and unfinished checksums stay as they are, as between a kernel's own VLAN interfaces.
"""

import select
import socket
import struct
import sys

SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
TP_STATUS_VLAN_VALID = 1 << 4

# linux/virtio_net.h: flags, kind of large frame, header bytes, bytes a segment, checksum's start
# and offset.
VNET = struct.Struct("=BBHHHH")
AUXDATA = struct.Struct("=IIIHHHH")
NEEDS_CHECKSUM = 1
FRAME_BYTES = VNET.size + 14 + 65536
BUFFER_BYTES = 16 << 20


def open_port(name):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    for option in (PACKET_VNET_HDR, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING):
        port.setsockopt(SOL_PACKET, option, 1)
    for option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
        port.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    port.bind((name, ETH_P_ALL))
    return port


def receive(port):
    """A frame behind its virtio header, and the VLAN of the tag that the kernel took out of it."""
    frame, controls, _, _ = port.recvmsg(FRAME_BYTES, socket.CMSG_SPACE(AUXDATA.size))
    for level, kind, content in controls:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tag, _ = AUXDATA.unpack(content)
            return frame, tag & 0xFFF if status & TP_STATUS_VLAN_VALID else 0
    return frame, 0


def with_tag(packet, vlan):
    if vlan == 0:
        return packet
    flags, large, header, segment, start, offset = VNET.unpack_from(packet)
    if large:
        header += 4
    if flags & NEEDS_CHECKSUM:
        start += 4
    frame = packet[VNET.size:]
    return (VNET.pack(flags, large, header, segment, start, offset) + frame[:12] +
            struct.pack("!HH", 0x8100, vlan) + frame[12:])


def send(port, packet):
    try:
        port.send(packet)
    except OSError as error:  # as a switch whose port is down or full
        print(f"not sent: {error}", flush=True)


def main():
    trunk = open_port(sys.argv[1])
    by_vlan = {}
    for word in sys.argv[2:]:
        name, _, vlan = word.partition("=")
        by_vlan[int(vlan)] = open_port(name)
    poll = select.poll()
    origin = {trunk.fileno(): None}
    for vlan, port in by_vlan.items():
        origin[port.fileno()] = vlan
    for descriptor in origin:
        poll.register(descriptor, select.POLLIN)
    print("switching", flush=True)
    while True:
        for descriptor, _ in poll.poll():
            vlan = origin[descriptor]
            packet, tag = receive(trunk if vlan is None else by_vlan[vlan])
            if vlan is not None:
                send(trunk, with_tag(packet, vlan))
            elif tag in by_vlan:
                send(by_vlan[tag], packet)


if __name__ == "__main__":
    main()
