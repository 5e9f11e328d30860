#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# VLANs by real programs: with a trunk to either side, and with one trunk to both (a router on a
# stick). Clients and servers know of no tag; a switch between them and the gateway does.
#
#    NET.client             NET.switch                     NET.gateway
#   ┌───────────┐         ┌──────────────┐              ┌───────────────────────┐
#   │ eth0      ├─────────┤ c            │ trunk        │                       │
#   │ 10.1.0.10 │ VLAN 10 │       t      ├──────────────┤ nic                   │
#   └───────────┘         │              │ VLANs 10, 20 │  VLAN 10: 10.1.0.1    │
#    NET.server           │              │              │  VLAN 20: 198.51.100.1│
#   ┌───────────┐ VLAN 20 │              │              │                       │
#   │ eth0      ├─────────┤ s            │              │ with two trunks:      │
#   └───────────┘         └──────────────┘              │  lan and wan          │
#                                                       └───────────────────────┘
#
# The switch is a program (vlan_switch.py); where the kernel has VLANs, it is also a bridge, and
# eth0 of client and server are VLAN interfaces. Interfaces have the offloads that Linux gives them.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"

head --bytes=10M /dev/urandom >"$work/file"

# start_switch NET TRUNK PORT=VLAN...
start_switch() {
    local net=$1
    shift
    start_in "$net.switch" "$python" "$here/vlan_switch.py" "$@" >"$work/$net.$1.switch" 2>&1
    wait_for 10 "the switch of $net" grep --quiet '^switching' "$work/$net.$1.switch"
}

# new_tagged NET two|one INSIDE OUTSIDE: the network, by the program, with one or two trunks.
new_tagged() {
    local net=$1 name
    for name in client switch server gateway; do new_namespace "$net.$name"; done
    connect "$net.client" eth0 "$net.switch" c
    connect "$net.server" eth0 "$net.switch" s
    if [[ $2 == one ]]; then
        connect "$net.gateway" nic "$net.switch" t
        start_switch "$net" t "c=$3" "s=$4"
    else
        connect "$net.gateway" lan "$net.switch" t
        connect "$net.gateway" wan "$net.switch" u
        start_switch "$net" t "c=$3"
        start_switch "$net" u "s=$4"
    fi
    add_addresses "$net"
}

# has_vlans: the kernel does.
has_vlans() {
    in_namespace "$1" ip link add link "$2" name probe type vlan id 7 2>/dev/null &&
        in_namespace "$1" ip link delete dev probe
}

# tagged_end NAMESPACE VLAN: eth0, on the cable.
tagged_end() {
    in_namespace "$1" ip link add link cable name eth0 type vlan id "$2"
    in_namespace "$1" ip link set dev eth0 up
}

# new_kernel_tagged NET INSIDE OUTSIDE: the network by the kernel, with one trunk.
new_kernel_tagged() {
    local net=$1 port
    connect "$net.client" cable "$net.switch" c
    connect "$net.server" cable "$net.switch" s
    connect "$net.gateway" nic "$net.switch" t
    in_namespace "$net.switch" ip link add name bridge type bridge
    for port in c s t; do in_namespace "$net.switch" ip link set dev "$port" master bridge; done
    in_namespace "$net.switch" ip link set dev bridge up
    tagged_end "$net.client" "$2"
    tagged_end "$net.server" "$3"
    add_addresses "$net"
}

# assert_forwards NET CAPTURE: every kind of traffic passes; a stray FIN does not. The capture is
# the server's.
assert_forwards() {
    local net=$1 before
    from_client "$net" ping -c 3 -i 0.2 -W 5 "$server_address" >/dev/null || fail "$net: ping"
    from_client "$net" ping -c 1 -W 5 -s 3000 "$server_address" >/dev/null || fail "$net: fragments"
    from_client "$net" ping -c 1 -W 5 "$lan_gateway" >/dev/null || fail "$net: ping of the gateway"
    from_server "$net" ping -c 1 -W 5 "$public_address" >/dev/null || fail "$net: ping from outside"
    [[ $(seen_by_http "$net") == "$public_address":* ]] || fail "$net: curl is not translated"
    [[ $(seen_by_udp "$net") == "$public_address":* ]] || fail "$net: UDP is not translated"
    download "$net" 60
    upload "$net" 60
    before=$(counter "$net" invalid_untracked_fin)
    send_stray "$net" 1
    wait_for 5 "the FIN dropped" counter_reaches "$net" invalid_untracked_fin $((before + 1))
    mark "$net" "$2"
    (($(private_packets "$2") == 0)) || fail "$net: an inside source at the server"
    for reason in truncated transport_checksum ip_checksum ip_length qinq; do
        (($(counter "$net" "$reason") == 0)) || fail "$reason: $(counter "$net" "$reason")"
    done
    assert_accounts "$net"
}

# tag_count CAPTURE VLAN: frames of IPv4 with this tag; -1: without any.
tag_count() {
    if (($2 < 0)); then captured_count "$1" 'ether[12:2] == 0x0800'; else
        captured_count "$1" "ether[12:2] == 0x8100 and ether[14:2] & 0xfff == $2"
    fi
}

for workers in 1 2; do
    net=two$workers
    new_tagged "$net" two 10 20
    start_server "$net"
    port_flags=(--lan "af_packet:lan,vlan=10" --wan "af_packet:wan,vlan=20")
    start_sluice "$net" --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap"
    start_capture "$net.switch" t "$work/$net.inside.pcap"
    start_capture "$net.switch" u "$work/$net.outside.pcap"
    assert_forwards "$net" "$work/$net.pcap"
    (($(tag_count "$work/$net.inside.pcap" 10) > 10)) || fail "no tag 10 inside"
    (($(tag_count "$work/$net.outside.pcap" 20) > 10)) || fail "no tag 20 outside"
    (($(tag_count "$work/$net.inside.pcap" -1) + $(tag_count "$work/$net.outside.pcap" -1) == 0)) ||
        fail "a frame without a tag"
    stop_sluice "$net"
    pass "a VLAN on each of two ports, $workers worker(s)"
done

# stick NET INSIDE OUTSIDE: one trunk for both; 0 stands for no tag.
stick() {
    local net=$1 inside=af_packet:nic outside=af_packet:nic
    (($2 == 0)) || inside+=",vlan=$2"
    (($3 == 0)) || outside+=",vlan=$3"
    start_server "$net"
    port_flags=(--lan "$inside" --wan "$outside")
    start_sluice "$net"
    start_capture "$net.server" eth0 "$work/$net.pcap"
    start_capture "$net.switch" t "$work/$net.trunk.pcap"
    assert_forwards "$net" "$work/$net.pcap"
    (($(tag_count "$work/$net.trunk.pcap" "$(($2 == 0 ? -1 : $2))") > 10)) || fail "no inside tag"
    (($(tag_count "$work/$net.trunk.pcap" "$(($3 == 0 ? -1 : $3))") > 10)) || fail "no outside tag"
}

new_tagged stick one 10 20
stick stick 10 20
pass "a router on a stick, two tags"

# Frames without a tag are the kernel's: the machine can be managed by them.
in_namespace stick.gateway ip address add 192.168.7.1/24 dev nic
in_namespace stick.switch ip address add 192.168.7.2/24 dev t
in_namespace stick.switch ping -q -c 1 -W 5 192.168.7.1 >/dev/null ||
    fail "untagged frames do not reach the kernel"
(($(counter stick unknown_vlan) > 0)) || fail "untagged frames are not counted"
stop_sluice stick
pass "what has no tag stays the kernel's, where every interface has one"

new_tagged mixed one 10 0
stick mixed 10 0
stop_sluice mixed
pass "a router on a stick, outside untagged"

for name in client switch server gateway; do new_namespace "kernel.$name"; done
connect kernel.client probing kernel.switch probed
if has_vlans kernel.client probing; then
    new_kernel_tagged kernel 10 20
    stick kernel 10 20
    stop_sluice kernel
    pass "VLAN interfaces of the kernel at both ends"
fi
