#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --cluster beside BIRD, with the configuration and the script that are installed: the border has a
# route to each public address by the gateway that uses it. One gateway comes, one leaves, one is
# killed, and of one the link to etcd and to the border's BIRD is cut: routes follow the addresses,
# and hosts get answers.
#
#   bgp.client ── inside ──┬── lan  a.gateway  wan ──┬── outside ── eth0 bgp.server, the border
#                          └── lan  b.gateway  wan ──┘                   │
#                                       store ───────┴── store ── eth1 ──┘
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for tool in etcd curl bird birdc; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done
trap remove_all EXIT

declare -A number=([a]=1 [b]=2) announce=() asked_before=()
packaged=$here/../../packaging/bird
count=8
pool=192.0.2.64
store=http://10.9.0.254:2379
patience=30

for name in bgp.client bgp.server bgp.switch {a,b}.gateway; do new_namespace "$name"; done
for network in inside outside store; do
    in_namespace bgp.switch ip link add "$network" up type bridge
done

# plug NAMESPACE INTERFACE NETWORK: a cable to that network's switch.
plug() {
    local end=$3-${1%%.*}-$2
    connect "$1" "$2" bgp.switch "${end:0:15}"
    in_namespace bgp.switch ip link set dev "${end:0:15}" master "$3"
}
plug bgp.client eth0 inside
plug bgp.server eth0 outside
plug bgp.server eth1 store
for gateway in a b; do
    plug "$gateway.gateway" lan inside
    plug "$gateway.gateway" wan outside
    plug "$gateway.gateway" store store
    in_namespace "$gateway.gateway" ip address add "10.9.0.${number[$gateway]}/24" dev store
done
in_namespace bgp.server ip address add 10.9.0.254/24 dev eth1
add_addresses bgp
start_server bgp

start_in bgp.server etcd --data-dir "$work/etcd" --listen-client-urls "$store" \
    --advertise-client-urls "$store" --listen-peer-urls http://10.9.0.254:2380 \
    --initial-advertise-peer-urls http://10.9.0.254:2380 \
    --initial-cluster default=http://10.9.0.254:2380 >"$work/etcd.out" 2>&1
wait_for "$patience" "etcd" in_namespace a.gateway \
    curl --silent --fail --max-time 2 --output /dev/null "$store/health"

# start_bird NAMESPACE, whose configuration is $work/NAMESPACE.conf.
start_bird() {
    start_in "$1" bird -f -c "$work/$1.conf" -s "$work/$1.ctl" -P "$work/$1.pid" \
        >"$work/$1.bird" 2>&1
    wait_for 10 "BIRD of $1" is_up "$1"
}

is_up() {
    birdc -s "$work/$1.ctl" show status >"$work/birdc" 2>&1
}

# The border, as docs/scale-out.md has it.
cat >"$work/bgp.server.conf" <<'CONFIGURATION'
router id 10.9.0.254;

protocol device {
}

# By these it finds the gateways' outside addresses.
protocol direct {
    ipv4;
}

protocol bfd {
}

protocol static pool {
    ipv4;
    route 192.0.2.64/29 blackhole;
}

protocol kernel {
    ipv4 {
        import none;
        export all;
    };
}

template bgp sluice {
    local 10.9.0.254 as 64511;
    multihop 2;
    bfd on;
    error wait time 1, 5;
    ipv4 {
        import where net ~ [ 192.0.2.64/29{32,32} ];
        export none;
        gateway recursive;
    };
}

protocol bgp a from sluice {
    neighbor 10.9.0.1 as 64512;
}

protocol bgp b from sluice {
    neighbor 10.9.0.2 as 64512;
}
CONFIGURATION
start_bird bgp.server

# start GATEWAY
start() {
    local last=${number[$1]}
    local address_flags=(--lan-address "10.1.0.$last/24" --wan-address "198.51.100.$last/24"
        --gateway 198.51.100.254)
    start_sluice "$1" --inside 10.1.0.0/24 --pool "$pool-192.0.2.$((64 + count - 1))" \
        --address-key 000102030405060708090a0b0c0d0e0f \
        --cluster "etcd=$store,name=$1,listen=10.9.0.$last:3781"
}

# with_paths GATEWAY ARGUMENT...: the installed script beside that gateway, by a sluicectl that
# counts how often it is asked.
with_paths() {
    local gateway=$1
    shift
    printf '#!/bin/sh\necho >>%s\nexec %s --socket %s "$@"\n' \
        "$work/$gateway.asked" "$sluicectl" "$work/$gateway.sock" >"$work/$gateway.sluicectl"
    chmod +x "$work/$gateway.sluicectl"
    SLUICECTL=$work/$gateway.sluicectl SLUICE_ROUTES=$work/$gateway.d/routes.conf \
        BIRDC="birdc -s $work/$gateway.gateway.ctl" "$@"
}

# start_announcing GATEWAY: the installed configuration with what it says is to be changed.
start_announcing() {
    local last=${number[$1]}
    mkdir -p "$work/$1.d"
    sed -e "s|10[.]9[.]0[.]1|10.9.0.$last|" -e "s|203[.]0[.]113[.]2|198.51.100.$last|" \
        -e "s|/run/sluice-announce|$work/$1.d|" -e 's|^log syslog|log stderr|' \
        "$packaged/bird.conf" >"$work/$1.gateway.conf"
    start_bird "$1.gateway"
    with_paths "$1" start_in "$1.gateway" "$packaged/sluice-announce" >"$work/$1.announce" 2>&1
    announce[$1]=$started_pid
}

# owners: each address and the gateway that uses it, as the gateways say.
owners() {
    local gateway
    for gateway; do
        ctl "$gateway" cluster |
            sed --quiet "s|^\([0-9.]*\) .*, used here\(,.*\)\{0,1\}\$|\1 ${number[$gateway]}|p"
    done | sort
}

# routes: likewise, as the border has them.
routes() {
    in_namespace bgp.server ip route show proto bird |
        sed --quiet 's|^\([0-9.]*\) via 198.51.100.\([0-9]*\) dev eth0 .*|\1 \2|p' | sort
}

# follow GATEWAY..., for wait_for: each address is used by one of them, all of them use some, and
# the border has a route to each by that one.
follow() {
    local gateway
    owners "$@" >"$work/owners"
    for gateway; do grep --quiet " ${number[$gateway]}\$" "$work/owners" || return 1; done
    (($(wc -l <"$work/owners") == count)) && [[ $(routes) == "$(cat "$work/owners")" ]]
}

# are_copied GATEWAY..., for wait_for: another gateway has the flows of each address that they use.
are_copied() {
    local gateway
    for gateway; do
        ctl "$gateway" cluster >"$work/cluster"
        grep --quiet ', used here, copies at ' "$work/cluster" || return 1
        ! grep --quiet ', used here$' "$work/cluster" || return 1
    done
}

# stay GATEWAY..., for wait_for: each script has asked ten times since there last was an address
# without copies, or without its route.
stay() {
    local gateway
    if ! are_copied "$@" || ! follow "$@"; then
        for gateway; do asked_before[$gateway]=$(asked "$gateway"); done
        return 1
    fi
    for gateway; do (($(asked "$gateway") >= asked_before[$gateway] + 10)) || return 1; done
}

# asked GATEWAY: how often its script has asked sluicectl.
asked() {
    wc -l <"$work/$1.asked"
}

# wait_for_routes GATEWAY...: and hosts get answers by way of each. Of several, each address has
# copies at another by then.
wait_for_routes() {
    local gateway
    (($# == 1)) || wait_for "$patience" "copies: $(ctl "$1" cluster || true)" are_copied "$@"
    wait_for "$patience" "routes by $*: $(routes; owners "$@" || true)" follow "$@"
    for gateway; do
        in_namespace bgp.client ip route replace default via "10.1.0.${number[$gateway]}" \
            src "$client_address"
        wait_for "$patience" "an answer by $gateway" is_seen
    done
}

# is_seen, for wait_for: as an address of the pool. A question may be lost while its address moves.
is_seen() {
    [[ $(seen_by_udp bgp 2>/dev/null) == 192.0.2.* ]]
}

has_no_routes_by() {
    ! routes | grep --quiet " ${number[$1]}\$"
}

start a
start_announcing a
wait_for_routes a
pass "one gateway: the border has a route to each public address by it"

start b
start_announcing b
wait_for_routes a b
for gateway in a b; do asked_before[$gateway]=$(asked "$gateway"); done
wait_for "$patience" "routes to stay: $(routes; owners a b)" stay a b
pass "another comes: routes to its share are by that one, and stay when there are copies"

stop_sluice b
wait_for_routes a
pass "it leaves: all routes are by the other one"

start b
wait_for_routes a b
end "${sluice_pid[b]}" KILL || true
wait_for "$patience" "routes by b to go" has_no_routes_by b
wait_for_routes a
pass "it is back, and is killed: its routes go at once, and come back by the other one"

start b
wait_for_routes a b
in_namespace b.gateway ip link set dev store down
wait_for "$patience" "routes by b to go" has_no_routes_by b
wait_for_routes a
in_namespace b.gateway ip link set dev store up
wait_for_routes a b
pass "its link to etcd and to the border is cut: its routes go; with the link they are back"

end "${announce[a]}" KILL || true
with_paths a "$packaged/sluice-announce" withdraw >"$work/withdrawn" ||
    fail "it does not withdraw: $(cat "$work/withdrawn")"
wait_for "$patience" "routes by a to go" has_no_routes_by a
pass "where the script ends, what it has let BIRD announce is taken back"

for gateway in a b; do
    assert_accounts "$gateway"
    stop_sluice "$gateway"
done
