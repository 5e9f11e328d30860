#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A pool of several addresses: an inside host keeps one, hosts are spread over all. The network is
# drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for workers in 1 2; do
    net=pool$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers" --pool 198.51.100.1-198.51.100.2 \
        --pool 198.51.100.5-198.51.100.6
    start_capture "$net.server" eth0 "$work/$net.pcap"

    declare -A used=()
    for last in {10..29}; do
        host=10.1.0.$last
        seen=$(seen_by_udp "$net" "$host")
        address=${seen%:*}
        [[ $address =~ ^198\.51\.100\.[1256]$ ]] || fail "$host was seen as $address"
        used[$address]=1
        for _ in 1 2 3; do
            seen=$(seen_by_http "$net" "$host")
            [[ ${seen%:*} == "$address" ]] || fail "$host was seen as $address and as $seen"
        done
    done
    ((${#used[@]} >= 3)) || fail "20 hosts were given ${#used[@]} of 4 addresses: ${!used[*]}"
    pass "20 hosts keep their address of ${#used[@]} in use, $workers worker(s)"

    # Two hosts with the same source port to the same destination.
    udp_from() {
        from_client "$net" "$python" "$here/udp_client.py" "$1" "$server_address" 53 40001
    }
    declare -A taken=()
    for last in {10..29}; do
        seen=$(udp_from "10.1.0.$last")
        [[ ! -v taken[$seen] ]] || fail "two hosts were seen as $seen"
        taken[$seen]=1
    done
    pass "20 hosts with one source port are seen as 20 endpoints"
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
done
