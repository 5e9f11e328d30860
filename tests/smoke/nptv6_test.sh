#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# An IPv6 client and an IPv6 server reach each other by NPTv6, with the kernels' own neighbour
# discovery and real programs; outside the client has addresses of another prefix:
#
#        NET.client                    NET.gateway                    NET.server
#   ┌──────────────────┐          ┌──────────────────┐          ┌──────────────────────┐
#   │ 2001:db8:1::10   ├──────────┤ sluice --nptv6   ├──────────┤ 2001:db8:ff::1       │
#   │                  │          │    2001:db8:ff::2│          │ 2001:db8:cafe::10    │
#   └──────────────────┘          └──────────────────┘          └──────────────────────┘
#     2001:db8:1::/48        is 2001:db8:f::/48 outside, and is routed to 2001:db8:ff::2
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/ipv6.sh
source "$here/ipv6.sh"
type -P curl >/dev/null || skip "curl is not installed"

mapped6=2001:db8:f:fff1::10

# Whether whoever watches has seen the ping to nobody, and has ended.
ends_a_ping() {
    in_namespace "$1" ping -6 -c 1 -W 1 "$2" >/dev/null
    ! kill -0 "$3" 2>/dev/null
}

head -c 8000000 /dev/urandom >"$work/file"
for workers in 1 2; do
    net=npt$workers
    new_network "$net"
    add_ipv6 "$net" 2001:db8:f::/48
    start_sluice "$net" --workers "$workers" "${flags6[@]}" \
        --nptv6 "2001:db8:1::/48 -> 2001:db8:f::/48"
    start_http6 "$net"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    wait_for 10 "an answer by NPTv6" answers6 "$net.client" "$server6"
    in_namespace "$net.client" ping -6 -c 3 -i 0.2 -W 2 "$server6" >"$work/ping" ||
        fail "no answer from outside: $(cat "$work/ping")"
    in_namespace "$net.server" ping -6 -c 3 -i 0.2 -W 2 -I "$server6" "$mapped6" >"$work/ping" ||
        fail "no answer from inside: $(cat "$work/ping")"
    answers6 "$net.server" 2001:db8:ff::2 || fail "no answer outside: $(cat "$work/ping")"
    answers6 "$net.client" 2001:db8:1::1 || fail "no answer of the gateway: $(cat "$work/ping")"
    answers6 "$net.client" "$server6" -s 4000 || fail "a ping in fragments: $(cat "$work/ping")"
    pass "pings both ways, and to the gateway, $workers worker(s)"

    download "$net" 20 "[$server6]"
    grep --quiet "^$mapped6 " "$work/$net.http" ||
        fail "the server saw somebody else: $(cat "$work/$net.http")"
    pass "a file by HTTP"

    in_namespace "$net.client" ping -6 -c 1 -W 5 -t 1 "$server6" >"$work/ping" || true
    grep --quiet "From 2001:db8:1::1 .*Time exceeded" "$work/ping" ||
        fail "no time exceeded: $(cat "$work/ping")"
    for way in "client $server6" "server $mapped6"; do
        read -r end to <<<"$way"
        is_refused "$net.$end" "$to" || fail "the $end is not told that the port at $to is closed"
    done
    pass "errors reach whom they are about, both ways"

    ctl "$net" why udp "[$client6]:4000" "[$server6]:53" >"$work/why"
    grep --quiet "^source: $client6 -> $mapped6\$" "$work/why" || fail "why: $(cat "$work/why")"
    grep --quiet "^leaves by wan-ipv6 as \[$mapped6\]:4000 -> \[$server6\]:53\$" "$work/why" ||
        fail "why, from inside: $(cat "$work/why")"
    ctl "$net" why icmp "$server6" "[$mapped6]:7" --json >"$work/why"
    grep --quiet '"fate":"leaves"' "$work/why" || fail "why, from outside: $(cat "$work/why")"
    ctl "$net" trace --drops --src 2001:db8:1:7::1 --count 1 >"$work/trace" &
    trace=$!
    wait_for 10 "the dropped ping in a trace" ends_a_ping "$net.client" 2001:db8:1:7::1 "$trace"
    grep --quiet "icmpv6 $client6 -> 2001:db8:1:7::1" "$work/trace" || fail "$(cat "$work/trace")"
    grep --quiet "dropped: ipv6_destination" "$work/trace" || fail "$(cat "$work/trace")"
    pass "why and trace of packets that stay IPv6"

    in_namespace "$net.client" ping -6 -c 1 -W 1 2001:db8:1:7::1 >/dev/null && fail "who answers?"
    (($(counter "$net" ipv6_destination) > 0)) || fail "ipv6_destination"
    (($(flow_count "$net") == 0)) || fail "flows of NPTv6: $(ctl "$net" flows)"
    wait_for 5 "the capture" has_more 0 "$work/$net.pcap" udp dst port 9
    [[ -z $(captured "$work/$net.pcap" net 2001:db8:1::/48 | head -n 1) ]] ||
        fail "an inside address on the outside wire"
    [[ -n $(captured "$work/$net.pcap" net 2001:db8:f::/48 | head -n 1) ]] ||
        fail "no outside address on the outside wire"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "no inside address outside, and no flow"
done
