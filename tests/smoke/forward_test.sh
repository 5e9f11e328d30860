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

# run_iperf3 NET FLAG...: server and client; the server has ended on return, so the port is free.
run_iperf3() {
    local net=$1 server status=0
    shift
    start_in "$net.server" iperf3 --server --one-off >"$work/iperf3.server"
    server=$started_pid
    wait_for 5 "the iperf3 server" from_server "$net" sh -c 'ss -Hltn sport = 5201 | grep -q .'
    from_client "$net" iperf3 --client "$server_address" --time 2 --json "$@" || status=$?
    end "$server" 0 || true
    return "$status"
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

    run_iperf3 "$net" >"$work/up" || fail "iperf3: $(cat "$work/up")"
    run_iperf3 "$net" --reverse >"$work/down" || fail "iperf3 --reverse: $(cat "$work/down")"
    for way in up down; do
        (($(iperf3_bits <"$work/$way") > 10000000)) || fail "iperf3 $way: under 10 Mbit/s"
    done
    pass "iperf3 both ways"

    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "no inside address outside, and every packet is accounted for"
done
