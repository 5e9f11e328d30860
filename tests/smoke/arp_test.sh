#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ARP in both roles: the gateway answers for its own and its pool's addresses, resolves next hops,
# and drops by name what waits for a neighbour that does not answer. The network is drawn in
# network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

# neighbour NAME ADDRESS: the hardware address under which that namespace knows it.
neighbour() {
    in_namespace "$1" ip -json neigh show "$2" |
        "$python" -c 'import json, sys
print(next((n["lladdr"] for n in json.load(sys.stdin) if "lladdr" in n), "-"))'
}

for workers in 1 2; do
    net=arp$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers" --pool 198.51.100.1-198.51.100.4

    from_client "$net" ping -q -c 1 -W 5 "$lan_gateway" >/dev/null || fail "ping to $lan_gateway"
    [[ $(neighbour "$net.client" "$lan_gateway") == "$(hardware_address "$net.gateway" lan)" ]] ||
        fail "inside, $lan_gateway has another's hardware address"
    for last in 1 2 3 4; do
        from_server "$net" ping -q -c 1 -W 1 "198.51.100.$last" >/dev/null ||
            ((last != 1)) || fail "ping from outside to $public_address"
        [[ $(neighbour "$net.server" "198.51.100.$last") == \
            "$(hardware_address "$net.gateway" wan)" ]] ||
            fail "outside, 198.51.100.$last has another's hardware address"
    done
    pass "answers ARP for its own and the pool's addresses, and pings, $workers worker(s)"

    [[ $(seen_by_udp "$net") == 198.51.100.* ]] || fail "the default gateway is not resolved"
    pass "resolves the default gateway"

    before=$(counter "$net" neighbour_failed)
    for port in 40003 40004; do
        send_packet "$net.client" --udp --source-port "$port" --dest-port 9 198.51.100.77
    done
    wait_for 10 "2 packets dropped for want of a neighbour" \
        counter_reaches "$net" neighbour_failed $((before + 2))
    (($(counter "$net" held) == 0)) || fail "packets are still held"
    pass "a neighbour that does not answer: neighbour_failed"

    # The server's address moves to another card, which asks for the gateway, and so is heard of;
    # the old one is asked first, and does not answer.
    from_server "$net" ip link set dev eth0 address 02:00:00:00:00:77
    from_server "$net" ip neigh flush dev eth0
    from_server "$net" ping -q -c 1 -W 5 "$public_address" >/dev/null ||
        fail "ping from outside after the change of the hardware address"
    wait_for 5 "the server's new hardware address" counter_reaches "$net" neighbours_moved 1
    [[ $(seen_by_udp "$net") == 198.51.100.* ]] || fail "packets go to the old hardware address"
    pass "a neighbour that changes its hardware address is known by its next request"
    assert_accounts "$net"
    stop_sluice "$net"
done
