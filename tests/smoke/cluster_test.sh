#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --cluster: three gateways share twelve public addresses by a real etcd. One is killed, one is cut
# off from etcd and comes back, one leaves, and etcd stands still: each address is used by one of
# those that are left, and hosts get answers by all of them.
#
#   cluster.client ── inside ──┬── lan  a.gateway  wan ──┬── outside ── cluster.server
#                              ├── lan  b.gateway  wan ──┤
#                              └── lan  c.gateway  wan ──┘
#                                       store ───────────┴── store ──── cluster.store, etcd
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for tool in etcd curl; do type -P "$tool" >/dev/null || skip "$tool is not installed"; done
trap remove_all EXIT

declare -A number=([a]=1 [b]=2 [c]=3)
count=12
store=http://10.9.0.10:2379
patience=30 # a lease lives for 5 s, and who comes waits for as long

for name in cluster.client cluster.server cluster.switch cluster.store {a,b,c}.gateway; do
    new_namespace "$name"
done
for network in inside outside store; do
    in_namespace cluster.switch ip link add "$network" up type bridge
done

# plug NAMESPACE INTERFACE NETWORK: a cable to that network's switch.
plug() {
    local end=$3-${1%%.*}
    connect "$1" "$2" cluster.switch "$end"
    in_namespace cluster.switch ip link set dev "$end" master "$3"
}
plug cluster.client eth0 inside
plug cluster.server eth0 outside
plug cluster.store eth0 store
for gateway in a b c; do
    plug "$gateway.gateway" lan inside
    plug "$gateway.gateway" wan outside
    plug "$gateway.gateway" store store
    in_namespace "$gateway.gateway" ip address add "10.9.0.${number[$gateway]}/24" dev store
done
in_namespace cluster.store ip address add 10.9.0.10/24 dev eth0
add_addresses cluster
start_server cluster

# Host 21 goes by b, 22 by c, all others by a.
for gateway in b c; do
    source=10.1.0.2$((${number[$gateway]} - 1))
    table=10${number[$gateway]}
    in_namespace cluster.client ip rule add from "$source" table "$table"
    in_namespace cluster.client ip route add 10.1.0.0/24 dev eth0 table "$table"
    in_namespace cluster.client ip route add default via "10.1.0.${number[$gateway]}" table "$table"
done
declare -A host=([a]=10.1.0.10 [b]=10.1.0.21 [c]=10.1.0.22)

start_in cluster.store etcd --data-dir "$work/etcd" --listen-client-urls "$store" \
    --advertise-client-urls "$store" --listen-peer-urls http://10.9.0.10:2380 \
    --initial-advertise-peer-urls http://10.9.0.10:2380 \
    --initial-cluster default=http://10.9.0.10:2380 >"$work/etcd.out" 2>&1
etcd=$started_pid
wait_for "$patience" "etcd" in_namespace a.gateway \
    curl --silent --fail --max-time 2 --output /dev/null "$store/health"

# start GATEWAY
start() {
    local last=${number[$1]}
    local address_flags=(--lan-address "10.1.0.$last/24" --wan-address "198.51.100.$last/24"
        --gateway 198.51.100.254)
    start_sluice "$1" --inside 10.1.0.0/24 --pool 198.51.100.16-198.51.100.27 \
        --address-key 000102030405060708090a0b0c0d0e0f --cluster "etcd=$store,name=$1"
}

# held GATEWAY: the addresses that it uses.
held() {
    ctl "$1" cluster --json | "$python" -c '
import json, sys
for each in json.load(sys.stdin)["addresses"]:
    if each["held"]:
        print(each["address"])'
}

# lacks_lease GATEWAY
lacks_lease() {
    ctl "$1" cluster | grep --quiet 'it has no lease'
}

# are_shared GATEWAY..., for wait_for: each address is used by one of them, and each of them uses
# some.
are_shared() {
    local gateway all=() some
    for gateway; do
        mapfile -t some < <(held "$gateway")
        ((${#some[@]} > 0)) || return 1
        all+=("${some[@]}")
    done
    ((${#all[@]} == count && $(printf '%s\n' "${all[@]}" | sort --unique | wc -l) == count))
}

# wait_for_share GATEWAY...
wait_for_share() {
    wait_for "$patience" "$* to share all addresses: $(ctl "$1" cluster || true)" are_shared "$@"
}

# assert_seen GATEWAY: a host that goes by it is seen as one of its addresses.
assert_seen() {
    local seen
    seen=$(seen_by_udp cluster "${host[$1]}") || fail "no answer by $1: $(ctl "$1" cluster)"
    grep --quiet --line-regexp --fixed-strings "${seen%:*}" <<<"$(held "$1")" ||
        fail "by $1 the host is seen as $seen: $(ctl "$1" cluster)"
}

# assert_all_answer GATEWAY...: hosts get answers by each of its addresses, whoever had it before.
assert_all_answer() {
    local last seen
    for last in {10..19}; do
        seen=$(seen_by_udp cluster "10.1.0.$last") || fail "10.1.0.$last has no answer"
    done
    for gateway; do assert_seen "$gateway"; done
}

start_capture cluster.server eth0 "$work/outside.pcap"
for gateway in a b c; do start "$gateway"; done
wait_for_share a b c
assert_all_answer a b c
ctl a cluster | grep --quiet '^this gateway is a; its lease is good for ' ||
    fail "a says: $(ctl a cluster)"
pass "three gateways share twelve addresses, and hosts are seen as those of their gateway"

end "${sluice_pid[b]}" KILL || true
wait_for_share a c
assert_all_answer a c
pass "one is killed: the others use its addresses"

start b
wait_for_share a b c
assert_all_answer a b c
pass "it is back, and has a share again"

before=$(counter c no_lease)
in_namespace c.gateway ip link set dev store down
wait_for_share a b
assert_all_answer a b
! in_namespace cluster.client ping -c 3 -W 1 -I "${host[c]}" "$server_address" >"$work/ping" ||
    fail "c forwards without a lease: $(cat "$work/ping")"
wait_for 10 "a packet that c does not forward" counter_reaches c no_lease $((before + 1))
lacks_lease c || fail "c says: $(ctl c cluster)"
in_namespace c.gateway ip link set dev store up
wait_for_share a b c
assert_all_answer a b c
pass "one is cut off from etcd: it forwards nothing, the others use its addresses; then it is back"

stop_sluice c
wait_for 5 "a and b to have all addresses" are_shared a b
assert_all_answer a b
pass "one leaves: its addresses are handed over"

kill -STOP "$etcd"
for gateway in a b; do
    wait_for 15 "$gateway to be without a lease" lacks_lease "$gateway"
done
kill -CONT "$etcd"
wait_for_share a b
assert_all_answer a b
pass "etcd stands still: nobody forwards, and all go on when it is back"

for gateway in a b; do assert_accounts "$gateway"; done
mark cluster "$work/outside.pcap"
for gateway in a b; do stop_sluice "$gateway"; done
assert_no_leak "$work/outside.pcap"
pass "no inside address was on the outside wire"
