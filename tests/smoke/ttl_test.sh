#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# TTL: counted down by one; at its end an ICMP time exceeded, and no flow for what opened none. The
# network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

udp_with_ttl_1='
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
IP_RECVERR = 11  # linux/in.h: soft errors too
udp.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
udp.settimeout(5)
udp.connect((sys.argv[1], 33434))
udp.send(b"how far?")
udp.recv(100)'

for workers in 1 2; do
    net=ttl$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    from_client "$net" ping -q -c 1 -W 5 -t 9 "$server_address" >/dev/null || fail "ping"
    mark "$net" "$work/$net.pcap"
    captured "$work/$net.pcap" -v icmp | grep 'ttl 8,' >/dev/null || fail "TTL 9 did not leave as 8"
    pass "TTL is one less outside, $workers worker(s)"

    ctl "$net" flows --delete --all >/dev/null
    before=$(counter "$net" ttl_exceeded)
    from_client "$net" ping -c 1 -W 5 -t 1 "$server_address" >"$work/ping" || true
    grep --quiet "From $lan_gateway .*Time to live exceeded" "$work/ping" ||
        fail "no time exceeded from $lan_gateway: $(cat "$work/ping")"
    (($(counter "$net" ttl_exceeded) == before + 1)) || fail "ttl_exceeded"
    (($(flow_count "$net") == 0)) || fail "a packet with TTL 1 left a flow: $(ctl "$net" flows)"
    pass "TTL 1: time exceeded, no flow"

    # The client's kernel takes the error to its socket only if it quotes the packet as it was sent.
    from_client "$net" "$python" -c "$udp_with_ttl_1" "$server_address" >"$work/udp" 2>&1 || true
    grep --quiet 'No route to host' "$work/udp" || fail "UDP with TTL 1: $(cat "$work/udp")"
    (($(flow_count "$net") == 0)) || fail "UDP with TTL 1 left a flow"
    pass "the same for UDP"

    # A flow that lives is advanced, not killed, by a packet that goes no further.
    seen=$(from_client "$net" "$python" "$here/udp_client.py" "$client_address" "$server_address" \
        53 40001)
    send_packet "$net.client" --udp --ttl 1 --source-port 40001 --dest-port 53 "$server_address"
    [[ $(from_client "$net" "$python" "$here/udp_client.py" "$client_address" "$server_address" \
        53 40001) == "$seen" ]] || fail "the mapping changed"
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "a flow outlives a packet with TTL 1"
done
