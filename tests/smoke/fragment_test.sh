#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Datagrams above the MTU, by real programs, on every kind of port that the kernel has an end of:
# ping with a payload of 65000 bytes, one to the gateway itself, and UDP. The network is drawn in
# network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

pings=5
fragments_of_a_ping=44 # 65008 bytes, 1480 in each

# exchange NET BYTES PORT: a datagram of so many bytes and an answer of as many.
exchange() {
    from_client "$1" "$python" "$here/udp_client.py" "$client_address" "$server_address" 53 \
        "$3" "$2"
}

# assert_fragments NET: runs the programs, and looks at what has passed.
assert_fragments() {
    local net=$1 before bytes seen passed
    start_server "$net"
    start_capture "$net.server" eth0 "$work/$net.pcap"
    # Of the packets that come before the next hop has answered ARP, few are kept.
    wait_for 10 "an answer" from_client "$net" ping -q -c 1 -W 1 "$server_address" >/dev/null

    from_client "$net" ping -q -c "$pings" -i 0.2 -W 5 -s 65000 "$server_address" \
        >"$work/ping" || fail "ping -s 65000: $(cat "$work/ping")"
    grep --quiet " $pings received, 0% packet loss" "$work/ping" || fail "$(cat "$work/ping")"
    passed=$(counter "$net" fragments)
    ((passed == 2 * pings * fragments_of_a_ping)) || fail "$passed fragments have passed"
    pass "ping -s 65000 crosses as $passed fragments"

    for bytes in 1464 3000 20000 65000; do # the first one is one byte above the MTU
        before=$(counter "$net" fragments)
        seen=$(exchange "$net" "$bytes" "$((40000 + bytes % 1000))") || fail "UDP, $bytes bytes"
        [[ $seen == "$public_address":* ]] || fail "UDP, $bytes bytes: seen as $seen"
        passed=$(($(counter "$net" fragments) - before))
        ((passed >= 2 * ((bytes + 9 + 8 + 1479) / 1480))) ||
            fail "UDP, $bytes bytes: $passed pieces"
    done
    pass "UDP exchanges datagrams of up to 65009 bytes"

    from_server "$net" ping -q -c 1 -W 5 -s 3000 "$public_address" >"$work/ping" ||
        fail "the gateway answers no ping in pieces: $(cat "$work/ping")"
    (($(captured_count "$work/$net.pcap" 'ip[6:2] & 0x3fff != 0') > pings)) ||
        fail "no fragments on the outside wire"
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "no inside address outside, and every packet is accounted for"
}

for workers in 1 2; do
    net=tap$workers
    start_on_taps "$net" --workers "$workers"
    assert_fragments "$net"
done

for workers in 1 2; do
    net=packet$workers
    new_network "$net"
    start_sluice "$net" --workers "$workers"
    assert_fragments "$net"
done

port_flags=(--lan af_xdp:lan --wan af_xdp:wan)
new_network xdp
finish_frames xdp.client eth0
finish_frames xdp.server eth0
start_sluice xdp
assert_fragments xdp
