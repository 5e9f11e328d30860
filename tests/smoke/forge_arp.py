#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""forge_arp.py INTERFACE COUNT MAC FIRST TARGET: sends ARP requests for TARGET, as from COUNT
addresses from FIRST on, all with that hardware address as their sender's. The Ethernet header has
the interface's own, so that a switch learns nothing. A request whose TARGET is - asks for its own
sender: an announcement."""

import ipaddress
import socket
import struct
import sys

interface, count, mac, first, target = sys.argv[1:]
sender_mac = bytes.fromhex(mac.replace(":", ""))
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind((interface, 0))
    own_mac = out.getsockname()[4]
    for number in range(int(count)):
        sender = ipaddress.ip_address(first) + number
        asked = sender if target == "-" else ipaddress.ip_address(target)
        out.send(b"\xff" * 6 + own_mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) +
                 sender_mac + sender.packed + bytes(6) + asked.packed)
