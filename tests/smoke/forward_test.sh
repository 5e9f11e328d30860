#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Real programs through the gateway: ping, curl, UDP, iperf3, with one worker and with two. The
# network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"

head --bytes=100M /dev/urandom >"$work/file"

iperf3_bits() {
    "$python" -c 'import json, sys
print(int(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]))'
}

for workers in 1 2; do
    net=forward$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap" "net 10.1.0.0/24 or udp dst port 53"

    from_client "$net" ping -q -c 5 -i 0.2 -W 5 "$server_address" >"$work/ping" ||
        fail "ping: $(cat "$work/ping")"
    pass "ping, $workers worker(s)"

    seen=$(seen_by_http "$net")
    [[ $seen == "$public_address":* ]] || fail "the HTTP server saw $seen"
    seen=$(seen_by_udp "$net")
    [[ $seen == "$public_address":* ]] || fail "the UDP server saw $seen"
    pass "servers see $seen"

    download "$net" 60
    pass "100 MB arrived as they were sent"

    for way in "" --reverse; do
        run_iperf3 "$net.server" "$net.client" --client "$server_address" --time 2 --json \
            ${way:+"$way"}
        (($(iperf3_bits <"$work/iperf3") > 10000000)) || fail "iperf3 $way: under 10 Mbit/s"
    done
    pass "iperf3 both ways"

    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "no inside address outside, and every packet is accounted for"
done
