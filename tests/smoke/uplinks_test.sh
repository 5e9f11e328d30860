#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two uplinks, of which one is cut and one falls silent, by real programs. The network is drawn in
# network.sh; beside its server there is another provider, and the same server is behind both:
#
#                                        ┌ wan ── NET.server  198.51.100.254, 203.0.113.10
#    NET.client ── lan  NET.gateway ─────┤
#                                        └ wan2 ─ NET.second  192.0.2.254,    203.0.113.10
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

second_address=192.0.2.1
net=two
port_flags+=(--wan af_packet:wan2)
address_flags+=(--wan-address "$second_address/24" --gateway 192.0.2.254)

# is_up NAME 1|0: what sluice says of that uplink.
is_up() {
    ctl "$net" stats --json | "$python" -c '
import json, sys
up = {uplink["uplink"]: uplink["up"] for uplink in json.load(sys.stdin)["uplinks"]}
sys.exit(up[sys.argv[1]] != (sys.argv[2] == "1"))' "$1" "$2"
}

# by_udp PORT..., by_http COUNT: the public addresses that flows are seen with, each once.
by_udp() {
    local port
    for port in "$@"; do
        from_client "$net" "$python" "$here/udp_client.py" "$client_address" "$server_address" \
            53 "$port"
    done | sed 's/:.*//' | sort --unique
}

by_http() {
    for ((i = 0; i < $1; ++i)); do seen_by_http "$net"; done | sed 's/:.*//' | sort --unique
}

new_network "$net"
new_namespace "$net.second"
connect "$net.gateway" wan2 "$net.second" eth0
in_namespace "$net.second" ip address add 192.0.2.254/24 dev eth0
in_namespace "$net.second" ip address add "$server_address/32" dev lo
start_server "$net"
start_in "$net.second" "$python" "$here/server.py" "$work" >"$work/$net.second.log" 2>&1
wait_for 10 "the server of the other provider" grep -q '^listening' "$work/$net.second.log"
start_sluice "$net" --workers 2
start_capture "$net.server" eth0 "$work/first.pcap"
start_capture "$net.second" eth0 "$work/second.pcap"
for name in wan wan2; do wait_for 10 "$name to live" is_up "$name" 1; done

both=$(printf '%s\n' "$second_address" "$public_address" | sort)
[[ $(by_udp {41000..41019}) == "$both" ]] || fail "UDP flows do not take both uplinks"
[[ $(by_http 20) == "$both" ]] || fail "TCP flows do not take both uplinks"
pass "flows take both uplinks, each with an address of its own"

# What stays open on the second while it is cut is opened anew by the first.
for port in {41000..41019}; do
    [[ $(by_udp "$port") != "$second_address" ]] || break
done
[[ $(by_udp "$port") == "$second_address" ]] || fail "no UDP flow on the second uplink"
in_namespace "$net.gateway" ip link set dev wan2 down
wait_for 5 "wan2 to be dead" is_up wan2 0
[[ $(by_udp {42000..42009}) == "$public_address" ]] || fail "new UDP flows while wan2 is cut"
[[ $(by_http 10) == "$public_address" ]] || fail "new TCP flows while wan2 is cut"
wait_for 5 "the flows of wan2 to end" counter_reaches "$net" flows_rerouted 1
[[ $(by_udp "$port") == "$public_address" ]] || fail "the UDP flow of wan2 did not open anew"
grep -q 'uplink wan2 by 192.0.2.254 is dead: its port has no link' "$work/$net".{out,err} ||
    fail "the log does not tell of it"
in_namespace "$net.gateway" ip link set dev wan2 up
wait_for 20 "wan2 to live again" is_up wan2 1
[[ $(by_udp {43000..43019}) == "$both" ]] || fail "the second uplink is not taken again"
pass "one is cut: flows go on by the other; it is back: both are taken"

# A provider that is silent though its link is up.
in_namespace "$net.second" ip link set dev eth0 arp off
wait_for 10 "wan2 to be dead" is_up wan2 0
[[ $(by_udp {44000..44009}) == "$public_address" ]] || fail "new UDP flows while wan2 is silent"
[[ $(by_http 10) == "$public_address" ]] || fail "new TCP flows while wan2 is silent"
in_namespace "$net.second" ip link set dev eth0 arp on
wait_for 20 "wan2 to live again" is_up wan2 1
[[ $(by_udp {45000..45019}) == "$both" ]] || fail "the second uplink is not taken again"
pass "one falls silent: it is left, and taken again when it answers"

for capture in first second; do assert_no_leak "$work/$capture.pcap"; done
(($(captured_count "$work/first.pcap" src net 192.0.2.0/24 and not arp) == 0)) ||
    fail "an address of the second uplink on the first wire"
(($(captured_count "$work/second.pcap" src "$public_address" and not arp) == 0)) ||
    fail "an address of the first uplink on the second wire"
assert_accounts "$net"
stop_sluice "$net"
pass "no address left by another uplink than its own"
