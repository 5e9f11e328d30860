#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# TTL: counted down by one; at its end an ICMP time exceeded, and no flow for what opened none. The
# network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for workers in 1 2; do
    net=ttl$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    from_client "$net" ping -q -c 1 -W 5 -t 9 "$server_address" >/dev/null || fail "ping"
    captured "$work/$net.pcap" -v icmp | grep 'ttl 8,' >/dev/null || fail "TTL 9 did not leave as 8"
    pass "TTL is one less outside, $workers worker(s)"

    ctl "$net" flows --delete --proto icmp >/dev/null
    before=$(counter "$net" ttl_exceeded)
    from_client "$net" ping -c 1 -W 5 -t 1 "$server_address" >"$work/ping" || true
    grep --quiet "From $lan_gateway .*Time to live exceeded" "$work/ping" ||
        fail "no time exceeded from $lan_gateway: $(cat "$work/ping")"
    (($(counter "$net" ttl_exceeded) == before + 1)) || fail "ttl_exceeded"
    (($(flow_count "$net") == 0)) || fail "a packet with TTL 1 left a flow: $(ctl "$net" flows)"
    pass "TTL 1: time exceeded, no flow"

    # An ICMP error quotes the packet as it arrived: ping takes it only with its own identifier.
    from_client "$net" nping --udp --count 1 --ttl 1 --source-port 40001 --dest-port 33434 \
        "$server_address" >"$work/nping"
    grep --quiet "ICMP \[$lan_gateway > $client_address TTL=0 during transit" "$work/nping" ||
        fail "UDP with TTL 1: $(cat "$work/nping")"
    (($(flow_count "$net") == 0)) || fail "UDP with TTL 1 left a flow"
    pass "the same for UDP"

    # A flow that lives is advanced, not killed, by a packet that goes no further.
    seen=$(from_client "$net" "$python" "$here/udp_client.py" "$client_address" "$server_address" \
        53 40001)
    from_client "$net" nping --udp --count 1 --no-capture --ttl 1 --source-port 40001 \
        --dest-port 53 "$server_address" >/dev/null
    [[ $(from_client "$net" "$python" "$here/udp_client.py" "$client_address" "$server_address" \
        53 40001) == "$seen" ]] || fail "the mapping changed"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "a flow outlives a packet with TTL 1"
done
