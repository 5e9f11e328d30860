#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --cluster: three gateways share twelve public addresses by a real etcd. One is killed, one is cut
# off from etcd and comes back, one leaves, and etcd stands still: each address is used by one of
# those that are left, hosts get answers by all of them, and connections that stood go on. The
# hosts' router, which is the
# client's kernel here, spreads flows by their ports, so most packets come to another gateway than
# the one that has their host's address.
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
served=198.51.100.16 # by 10.1.0.29, whichever gateway has the address
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

# spread GATEWAY...: flows go by any of these, as their ports say; those of host 21 by b, and of 22
# by c.
spread() {
    local gateway hops=()
    for gateway; do hops+=(nexthop via "10.1.0.${number[$gateway]}"); done
    in_namespace cluster.client ip route replace default src "$client_address" "${hops[@]}"
}
in_namespace cluster.client sysctl --quiet --write net.ipv4.fib_multipath_hash_policy=1
for gateway in b c; do
    source=10.1.0.2$((${number[$gateway]} - 1))
    table=10${number[$gateway]}
    in_namespace cluster.client ip rule add from "$source" table "$table"
    in_namespace cluster.client ip route add 10.1.0.0/24 dev eth0 table "$table"
    in_namespace cluster.client ip route add default via "10.1.0.${number[$gateway]}" table "$table"
done
declare -A host=([b]=10.1.0.21 [c]=10.1.0.22)

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
        --address-key 000102030405060708090a0b0c0d0e0f \
        --forward "tcp $served:7 -> 10.1.0.29:7" \
        --cluster "etcd=$store,name=$1,listen=10.9.0.$last:3781"
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

# is_seen HOST GATEWAY..., for wait_for: it gets an answer, and is seen as an address of one of
# these. A question may be lost while its address moves; hosts ask again.
is_seen() {
    local seen all gateway from=$1
    shift
    seen=$(seen_by_udp cluster "$from" 2>/dev/null) || return 1
    all=$(for gateway; do held "$gateway"; done)
    grep --quiet --line-regexp --fixed-strings "${seen%:*}" <<<"$all"
}

# assert_seen HOST GATEWAY...
assert_seen() {
    wait_for "$patience" "$1 to be seen as an address of ${*:2}: $(ctl "$2" cluster)" is_seen "$@"
}

# assert_all_answer GATEWAY...: hosts get answers by all of these, whoever has their addresses.
assert_all_answer() {
    local last gateway
    spread "$@"
    for last in {10..19}; do assert_seen "10.1.0.$last" "$@"; done
    for gateway; do [[ ! -v host[$gateway] ]] || assert_seen "${host[$gateway]}" "$@"; done
}

# has_one_address HOST, for wait_for: by whichever gateway its packets come, it is seen as the same
# address.
has_one_address() {
    local seen all=()
    for _ in {1..12}; do
        seen=$(seen_by_udp cluster "$1" 2>/dev/null) || return 1
        all+=("${seen%:*}")
    done
    (($(printf '%s\n' "${all[@]}" | sort --unique | wc -l) == 1))
}

# is_steady GATEWAY, for wait_for: for 50 looks no address has moved.
is_steady() {
    local owners
    owners=$(ctl "$1" cluster | grep '^198')
    if [[ $owners == "${owners_before:-}" ]]; then ((++looks)); else looks=0; fi
    owners_before=$owners
    ((looks >= 50))
}

# are_copied GATEWAY..., for wait_for: another gateway has the flows of each address that they use.
are_copied() {
    local gateway
    for gateway; do
        ctl "$gateway" cluster | grep --quiet ', used here, copies at ' || return 1
        ! ctl "$gateway" cluster | grep --quiet ', used here$' || return 1
    done
}

# has_said COUNT: all connections have heard an answer so often.
has_said() {
    (($(grep --count all "$work/talk") >= $1))
}

start_capture cluster.server eth0 "$work/outside.pcap"
for gateway in a b c; do start "$gateway"; done
wait_for_share a b c
assert_all_answer a b c
ctl a cluster | grep --quiet '^this gateway is a; its lease is good for ' ||
    fail "a says: $(ctl a cluster)"
pass "three gateways share twelve addresses, and hosts are seen as these"

wait_for "$patience" "addresses to stay where they are" is_steady a
for last in {10..15}; do
    wait_for "$patience" "10.1.0.$last to have one address" has_one_address "10.1.0.$last"
    in_namespace cluster.client ping -c 1 -W 5 -s 4000 -I "10.1.0.$last" "$server_address" \
        >"$work/ping" || fail "a datagram in fragments: $(cat "$work/ping")"
done
for gateway in a b c; do
    (($(counter "$gateway" handed_to_owner) > 0)) || fail "$gateway has sent nothing on"
done
pass "a host has one address by whichever gateway its packets come, and so have its fragments"

from=10.1.0.21
for gateway in a b c; do
    said=$(ctl "$gateway" why udp "$from:5000" "$server_address:53" --from inside) ||
        fail "$gateway says: $said"
    echo "$said" >>"$work/why"
done
(($(grep --count '^goes to gateway [abc], which has 198.51.100.[0-9]*, by 10.1.0.[123]' \
    "$work/why") == 2)) || fail "they say: $(cat "$work/why")"
pass "two of them say to which gateway a packet goes"

start_in cluster.server "$python" "$here/echo_server.py" 7 >"$work/echo" 2>"$work/echo.err"
wait_for 10 "the echo" grep --quiet listening "$work/echo"

talks_to=$server_address
# start_talk [SOURCE...]: connections from there that say something every 100 ms.
start_talk() {
    rm --force "$work/end"
    start_in cluster.client "$python" "$here/talk_on.py" 20 "$talks_to" 7 "$work/end" "$@" \
        >"$work/talk" 2>"$work/talk.err"
    talk=$started_pid
    wait_for 20 "connections: $(cat "$work/talk.err")" has_said 1
}

# assert_talk WHEN: all of them go on.
assert_talk() {
    local before
    before=$(grep --count all "$work/talk")
    wait_for 20 "connections $1: $(cat "$work/talk.err")" has_said $((before + 3))
}

# end_talk: nothing was lost, and nobody was silent for longer than so many milliseconds.
end_talk() {
    touch "$work/end"
    wait "$talk" || fail "connections broke: $(cat "$work/talk.err")"
    local silence
    silence=$(tail --lines 1 "$work/talk")
    ((silence <= $1)) || fail "a silence of $silence ms"
}

start_talk
for gateway in b c a; do
    spread "$gateway"
    assert_talk "by $gateway"
done
end_talk 5000
pass "connections go on when the router sends them by another gateway"

start_in cluster.client "$python" "$here/echo_server.py" 7 >"$work/served" 2>"$work/served.err"
wait_for 10 "the echo inside" grep --quiet listening "$work/served"
spread a b c
talks_to=$served
start_talk 10.1.0.1{0..9}
assert_talk "between inside hosts"
elsewhere=0
for gateway in a b c; do
    held "$gateway" | grep --quiet --line-regexp --fixed-strings "$served" ||
        ((elsewhere += $(flow_count "$gateway" --dst "$served")))
done
((elsewhere > 0)) || fail "all connections between inside hosts are of one gateway"
end_talk 5000
talks_to=$server_address
pass "inside hosts reach one behind another gateway by its public address"

spread a c
looks=0
wait_for "$patience" "addresses to stay where they are" is_steady a
start_talk 10.1.0.1{0..9}
wait_for "$patience" "copies of all flows: $(ctl a cluster)" are_copied a b c
assert_talk "before one is killed"
before_kill=$(($(counter a flows_taken_over) + $(counter c flows_taken_over)))
end "${sluice_pid[b]}" KILL || true
wait_for_share a c
assert_talk "without the one that was killed"
(($(counter a flows_taken_over) + $(counter c flows_taken_over) > before_kill)) ||
    fail "a and c have taken no copies over"
end_talk 30000
assert_all_answer a c
pass "one is killed: the others use its addresses, and its connections go on"

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

spread a b
start_talk 10.1.0.1{0..9}
stop_sluice c
wait_for 5 "a and b to have all addresses" are_shared a b
assert_talk "without c"
(($(counter a flows_taken_over) + $(counter b flows_taken_over) > 0)) ||
    fail "a and b have taken no flows over"
assert_all_answer a b
pass "one leaves: its addresses are handed over, and connections go with them"

start c
wait_for_share a b c
assert_talk "with c"
(($(counter c flows_taken_over) > 0)) || fail "c has taken no flows over"
stop_sluice c
wait_for 5 "a and b to have all addresses" are_shared a b
assert_talk "without c again"
end_talk 5000
pass "one comes, and leaves again: connections go on"

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
