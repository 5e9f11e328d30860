#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Ports in blocks for each inside host, with real programs: what the log, the hosts outside and
# sluicectl say of them agree. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for workers in 1 2; do
    net=blocks$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers" --port-block-size 64 --port-blocks-per-host 1 \
        --timeout-udp 2 --timeout-tcp-time-wait 2 --timeout-tcp-last-ack 2
    start_capture "$net.server" eth0 "$work/$net.pcap"

    # holder_of PORT: whose block it is in now, by the log's lines on blocks that begin.
    holder_of() {
        sed --quiet --regexp-extended \
            's/^sluice: (\S+) has \S+:([0-9]+)-([0-9]+) since \S+Z$/\1 \2 \3/p' "$work/$net.out" |
            while read -r host first last; do
                (($1 < first || $1 > last)) || echo "$host"
            done | tail -n 1
    }
    is_logged() {
        [[ $(holder_of "$1") == "$2" ]]
    }

    for last in {10..19}; do
        host=10.1.0.$last
        for seen in "$(seen_by_udp "$net" "$host")" "$(seen_by_http "$net" "$host")"; do
            wait_for 10 "$host as the holder of $seen: $(cat "$work/$net.out")" \
                is_logged "${seen#*:}" "$host"
        done
    done
    pass "the log names the holder of every port that is seen outside, $workers worker(s)"

    ended() {
        (($(grep --count --extended-regexp \
            '^sluice: \S+ had \S+ from \S+Z until \S+Z$' "$work/$net.out") == $1))
    }
    begun=$(grep --count ' has 198.51.100.1:' "$work/$net.out")
    wait_for 30 "the end of $begun blocks: $(ctl "$net" flows)" ended "$begun"
    (($(counter "$net" holders_made) == begun)) || fail "not one line for each of: $begun"
    pass "each block begins and ends with one line"

    start_in "$net.client" "$python" "$here/hold_connections.py" 3 "$server_address" 80 \
        >"$work/hold"
    wait_for 10 "connections" grep --quiet open "$work/hold"
    ctl "$net" hosts --json | grep --quiet '"blocks":1' || fail "hosts: $(ctl "$net" hosts)"
    pass "sluicectl hosts counts them"

    port=$(ctl "$net" flows --state ESTABLISHED | sed -E 's/.* dport=([0-9]+) .*/\1/' | head -n 1)
    who=$(ctl "$net" who "$public_address:$port/tcp") || fail "nobody has port $port: $who"
    for kind in flow block; do
        grep --quiet "^$client_address  *$kind  *1 " <<<"$who" || fail "who has $port, $kind: $who"
    done
    (($(grep --count "^10\\." <<<"$who") == 2)) || fail "others have port $port, too: $who"
    ctl "$net" who "$public_address:$port" --json | grep --quiet '"kind":"block"' ||
        fail "who in JSON: $(ctl "$net" who "$public_address:$port" --json)"
    refuses "$net" 'No inside host has 203.0.113.77:9 now' who 203.0.113.77:9
    pass "sluicectl who names the host behind a port"
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
done
