#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Two tenants with the same addresses, told apart by their zones, by real programs. The network is
# drawn in network.sh; beside its client there is another one like it:
#
#    NET.client  eth0 10.1.0.10 ── lan  ┐
#                                       ├ NET.gateway ── wan ── NET.server
#    NET.other   eth0 10.1.0.10 ── lan2 ┘
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

port_flags=(--lan af_packet:lan,zone=5 --lan af_packet:lan2,zone=6 --wan af_packet:wan)
address_flags=(--lan-address 10.1.0.1/24 --lan-address 10.1.0.1/24
    --wan-address 198.51.100.1/24 --gateway 198.51.100.254)
tenants=(client other)
net=zones

new_network "$net"
new_namespace "$net.other"
connect "$net.gateway" lan2 "$net.other" eth0
in_namespace "$net.other" ip address add "$client_address/24" dev eth0
in_namespace "$net.other" ip route add default via "$lan_gateway"
start_server "$net"
start_sluice "$net" --workers 2 \
    --forward "tcp $public_address:8005 -> $client_address:80 zone 5" \
    --forward "tcp $public_address:8006 -> $client_address:80 zone 6"

# Both fetch the same file at once, from the same address and port to the same address and port.
head --bytes=20M /dev/urandom >"$work/file"
sum=$(sha256sum <"$work/file")
fetching=()
for tenant in "${tenants[@]}"; do
    in_namespace "$net.$tenant" curl --silent --show-error --fail --max-time 60 \
        --limit-rate 20M --local-port 40000 --interface "$client_address" \
        --output "$work/$tenant.copy" "http://$server_address/file" 2>"$work/$tenant.err" &
    fetching+=($!)
done
both_are_listed() {
    (($(flow_count "$net" --sport 40000 --zone 5) == 1 &&
        $(flow_count "$net" --sport 40000 --zone 6) == 1))
}
wait_for 30 "a flow of each zone" both_are_listed
for i in 0 1; do
    wait "${fetching[i]}" || fail "${tenants[i]}: $(cat "$work/${tenants[i]}.err")"
    [[ $(sha256sum <"$work/${tenants[i]}.copy") == "$sum" ]] ||
        fail "${tenants[i]}: the file arrived changed"
done
lines=$(ctl "$net" flows --sport 40000)
for zone in 5 6; do
    (($(grep --count " src=$client_address dst=$server_address sport=40000 .* zone=$zone use=1\$" \
        <<<"$lines") == 1)) || fail "no line of zone $zone: $lines"
done
ctl "$net" flows --json --zone 5 --sport 40000 | "$python" -c '
import json, sys
flows = json.load(sys.stdin)
assert len(flows) == 1 and flows[0]["original"]["zone"] == 5, flows' || fail "JSON of zone 5"
(($(flow_count "$net" --zone 0) == 0)) || fail "flows of no zone"
grep --quiet "^$client_address .* zone=6\$" <<<"$(ctl "$net" hosts)" || fail "hosts: no zone=6"
pass "two hosts with one address and one port fetch a file at once, and are listed by zone"

# Each is reached by the forward of its zone: its server tells by its directory who it is.
for tenant in "${tenants[@]}"; do
    mkdir "$work/$tenant"
    echo "$tenant" >"$work/$tenant/name"
    start_in "$net.$tenant" "$python" "$here/server.py" "$work/$tenant" "$client_address" \
        >"$work/$tenant.log" 2>&1
    wait_for 10 "the server of $tenant" grep -q '^listening' "$work/$tenant.log"
done
for forward in 8005:client 8006:other; do
    name=$(from_server "$net" curl --silent --show-error --fail --max-time 10 \
        "http://$public_address:${forward%:*}/name") || fail "forward $forward from outside"
    [[ $name == "${forward#*:}" ]] || fail "forward $forward leads to $name"
done
name=$(in_namespace "$net.client" curl --silent --show-error --fail --max-time 10 \
    "http://$public_address:8006/name") || fail "from zone 5 to zone 6"
[[ $name == other ]] || fail "from zone 5 the forward of zone 6 leads to $name"
pass "a forward leads into its zone, from outside and from another zone"

# Pings in pieces with the same identification, to the gateway's address that both zones have and to
# the world.
for tenant in "${tenants[@]}"; do
    in_namespace "$net.$tenant" ping -q -c 2 -i 0.2 -W 5 "$lan_gateway" >/dev/null ||
        fail "$tenant: ping to the gateway"
    in_namespace "$net.$tenant" ping -q -c 2 -i 0.2 -W 5 -s 3000 "$server_address" >/dev/null ||
        fail "$tenant: ping in pieces"
done
assert_accounts "$net"
stop_sluice "$net"
pass "the gateway's address is in both, and pings pass in pieces"
