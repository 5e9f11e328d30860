#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# received + originated = transmitted + consumed + held + dropped, after traffic of every kind,
# good and bad. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"

probe() {
    send_packet "$net.client" "$@"
}

for workers in 1 2; do
    net=accounts$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    for i in "${!stray_names[@]}"; do send_stray "$net" "$i"; done
    seen_by_http "$net" >/dev/null
    probe --udp --badsum --dest-port 9 "$server_address"
    probe --tcp --badsum --flags syn --dest-port 80 "$server_address"
    probe --udp --ttl 1 --dest-port 9 "$server_address"
    probe --udp --dest-port 9 198.51.100.77
    probe --udp --dest-port 9 --ip-options R "$server_address"
    probe --udp --dest-port 9 --source-ip 192.168.7.7 "$server_address"
    probe --udp --dest-port 9 --source-ip 127.0.0.1 "$server_address"
    probe --icmp --icmp-type 13 "$server_address"
    from_client "$net" ping -q -c 1 -W 1 -s 3000 "$server_address" >/dev/null || true
    from_server "$net" ip route add 10.1.0.0/24 via "$public_address"
    from_server "$net" ping -q -c 1 -W 1 "$client_address" >/dev/null || true
    send_packet "$net.server" --udp --dest-port 9 "$public_address"
    from_client "$net" ping -q -c 1 -W 1 "$lan_gateway" >/dev/null || fail "ping to $lan_gateway"

    mark "$net" "$work/$net.pcap"
    assert_accounts "$net"
    ctl "$net" stats --json >"$work/stats"
    for reason in invalid_flags invalid_untracked_fin invalid_untracked_rst \
        invalid_untracked_syn_ack transport_checksum ttl_exceeded ip_options foreign_source \
        martian_source outside_to_inside; do
        (($("$python" "$here/stats.py" get "$reason" <"$work/stats") > 0)) ||
            fail "nothing was dropped as $reason"
    done
    pass "$("$python" "$here/stats.py" sum <"$work/stats")"
    assert_no_leak "$work/$net.pcap"
    stop_sluice "$net"
done
