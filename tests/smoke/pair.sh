# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Two gateways of which one forwards. The clients' and the servers' networks are switches, on which
# both gateways are:
#
#   pair.client ── inside ──┬── lan  a.gateway  wan ──┬── outside ── pair.server
#                           └── lan  b.gateway  wan ──┘
#                                   sync ── sync

# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/gateway.sh"

declare -A own=([a]=1 [b]=2) other=([a]=2 [b]=1) priority=([a]=150 [b]=50)
proof=(--sync-key "$work/key") # by what they know one another
# shellcheck disable=SC2034  # for those who source this file
all_there='active; the peer stands by and has all flows'

# new_pair: the networks, an echo and HTTP outside, and the key.
new_pair() {
    local name side gateway
    for name in pair.client pair.server pair.switch a.gateway b.gateway; do
        new_namespace "$name"
    done
    for side in inside outside; do in_namespace pair.switch ip link add "$side" up type bridge; done
    connect pair.client eth0 pair.switch client
    connect pair.server eth0 pair.switch server
    in_namespace pair.switch ip link set dev client master inside
    in_namespace pair.switch ip link set dev server master outside
    for gateway in a b; do
        connect "$gateway.gateway" lan pair.switch "lan-$gateway"
        connect "$gateway.gateway" wan pair.switch "wan-$gateway"
        in_namespace pair.switch ip link set dev "lan-$gateway" master inside
        in_namespace pair.switch ip link set dev "wan-$gateway" master outside
    done
    connect a.gateway sync b.gateway sync
    for gateway in a b; do
        in_namespace "$gateway.gateway" ip address add "192.0.2.${own[$gateway]}/24" dev sync
    done
    add_addresses pair
    start_server pair
    start_in pair.server "$python" "$here/echo_server.py" 7 >"$work/echo"
    wait_for 10 "the echo" grep --quiet listening "$work/echo"
    (umask 077 && head --bytes 32 /dev/urandom | od --address-radix=n --format=x1 |
        tr -d ' \n' >"$work/key")
}

# start GATEWAY ROLE [FLAG...]. Not loose: a connection that was not taken over does not go on by
# itself.
start() {
    local gateway=$1 role=$2 places=listen=192.0.2.${own[$1]}:3780,peer=192.0.2.${other[$1]}:3780
    shift 2
    start_sluice "$gateway" "${proof[@]}" --workers 2 --tcp-loose 0 --role "$role" \
        --sync "$places,priority=${priority[$gateway]}" "$@"
}

# says GATEWAY TEXT, for wait_for
says() {
    [[ $(ctl "$1" role) == "$2" ]]
}

# wait_for_role GATEWAY TEXT
wait_for_role() {
    wait_for "${patience:-15}" "$1 to be $2: $(ctl "$1" role || true)" says "$1" "$2"
}

# has_all GATEWAY COUNT, for wait_for: of its connections to the echo, as many stand.
has_all() {
    (($(flow_count "$1" --dport 7 --state ESTABLISHED) == $2))
}
