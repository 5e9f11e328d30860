#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two inside networks, each on an interface of its own, by real programs. The network is drawn in
# network.sh; beside its client there is another one:
#
#    NET.client  eth0 10.1.0.10 ── lan  ┐
#                                       ├ NET.gateway ── wan ── NET.server
#    NET.other   eth0 10.2.0.10 ── lan2 ┘
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

other_address=10.2.0.10
port_flags=(--lan af_packet:lan --lan af_packet:lan2 --wan af_packet:wan)
address_flags=(--lan-address 10.1.0.1/24 --lan-address 10.2.0.1/24
    --wan-address 198.51.100.1/24 --gateway 198.51.100.254)

# new_insides NET
new_insides() {
    new_network "$1"
    new_namespace "$1.other"
    connect "$1.gateway" lan2 "$1.other" eth0
    in_namespace "$1.other" ip address add "$other_address/24" dev eth0
    in_namespace "$1.other" ip route add default via 10.2.0.1
    start_server "$1"
}

# Both networks reach the world, whether or not they reach one another.
assert_world() {
    local seen
    [[ $(seen_by_http "$1") == "$public_address":* ]] || fail "$1: the client is cut off"
    seen=$(in_namespace "$1.other" curl --silent --show-error --fail --max-time 10 \
        "http://$server_address/whoami") || fail "$1: the other network is cut off"
    [[ $seen == "$public_address":* ]] || fail "$1: the other network is seen as $seen"
}

new_insides apart
start_sluice apart
assert_world apart
! from_client apart ping -q -c 1 -W 1 "$other_address" >/dev/null || fail "they reach one another"
wait_for 5 "the ping to be dropped" counter_reaches apart inside_destination 1
assert_accounts apart
stop_sluice apart
pass "two inside networks reach the world, and not one another"

for workers in 1 2; do
    net=routed$workers
    new_insides "$net"
    start_in "$net.other" "$python" "$here/server.py" "$work" "$other_address" \
        >"$work/$net.other.log" 2>&1
    wait_for 10 "the server of the other network" grep -q '^listening' "$work/$net.other.log"
    start_sluice "$net" --inside-routing --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap"
    assert_world "$net"
    seen=$(from_client "$net" curl --silent --show-error --fail --max-time 10 \
        --interface "$client_address" "http://$other_address/whoami") || fail "$net: HTTP within"
    [[ $seen == "$client_address":* ]] || fail "$net: seen as $seen within"
    in_namespace "$net.other" ping -q -c 3 -i 0.2 -W 5 -s 3000 "$client_address" >/dev/null ||
        fail "$net: ping the other way"
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    (($(captured_count "$work/$net.pcap" net 10.2.0.0/24) == 0)) || fail "$net: a leak"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "with --inside-routing they do, untranslated, $workers worker(s)"
done
