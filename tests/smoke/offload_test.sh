#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Interfaces with the offloads that Linux gives them: senders leave checksums unfinished, and frames
# of many segments uncut; receivers put segments together (GRO). All of it passes through af_packet
# ports, and what leaves on an interface without offloads is right on the wire. The network is drawn
# in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

capture_bytes=65535
head --bytes=10M /dev/urandom >"$work/file"

# offload NET NAMESPACE:INTERFACE on|off
offload() {
    in_namespace "$1.${2%:*}" ethtool --offload "${2#*:}" tx "$3" tso "$3" gso "$3" gro "$3" \
        >/dev/null
}

# assert_transfers NET: a file both ways by TCP, and UDP.
assert_transfers() {
    download "$1" 20
    [[ $(seen_by_udp "$1") == "$public_address":* ]] || fail "UDP"
    upload "$1" 20
}

for workers in 1 2; do
    net=plain$workers
    new_network "$net"
    offload "$net" gateway:lan on # GRO is off on a veth
    offload "$net" gateway:wan on
    start_server "$net"
    start_sluice "$net" --workers "$workers"
    assert_transfers "$net"
    # What is dropped is late segments, if anything at all: nothing for its size or checksum.
    for reason in truncated transport_checksum ip_checksum ip_length; do
        (($(counter "$net" "$reason") == 0)) || fail "$reason: $(counter "$net" "$reason")"
    done
    assert_accounts "$net"
    pass "plain veth pairs, $workers worker(s): a file each way, unchanged"

    offload "$net" gateway:lan off
    offload "$net" gateway:wan off
    in_namespace "$net.client" ethtool --offload eth0 gro off # it comes before the capture
    in_namespace "$net.server" ethtool --offload eth0 gro off
    start_capture "$net.server" eth0 "$work/$net.server.pcap" host "$public_address"
    captures=("$capture_pid")
    start_capture "$net.client" eth0 "$work/$net.client.pcap" host "$client_address"
    captures+=("$capture_pid")
    assert_transfers "$net"
    for pid in "${captures[@]}"; do end "$pid" INT || true; done
    for side in server client; do
        file=$work/$net.$side.pcap
        (($(captured_count "$file" greater 1000) > 0)) || fail "nothing captured at the $side"
        [[ -z $(captured "$file" greater 1515 | head -n 1) ]] || fail "a frame above the MTU"
        wrong=$(captured "$file" -vv | grep --max-count 1 --ignore-case incorrect || true)
        [[ -z $wrong ]] || fail "a wrong checksum at the $side: $wrong"
    done
    stop_sluice "$net"
    pass "ports without offloads, $workers worker(s): every packet whole and right on the wire"
done
