#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a STUN client finds out of the gateway (RFC 5780), for each kind of mapping and filtering:
# coturn's turnutils_natdiscovery inside, its turnserver outside on two addresses and two ports. The
# network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for tool in turnserver turnutils_natdiscovery; do
    type -P "$tool" >/dev/null || skip "$tool (Debian: coturn) is not installed"
done
second_server=203.0.113.11
local_port=40001

start_stun_server() {
    in_namespace "$1.server" ip address add "$second_server/32" dev lo
    start_in "$1.server" turnserver -n -L "$server_address" -L "$second_server" -p 3478 \
        --no-tls --no-dtls --no-tcp --no-auth --no-cli --log-file stdout \
        --pidfile "$work/$1.turn.pid" --userdb "$work/$1.turn.db" >"$work/$1.turn.log" 2>&1
    wait_for 20 "the STUN server" listens "$1"
}

# Four endpoints: both addresses, both ports.
listens() {
    local count
    count=$(in_namespace "$1.server" ss --no-header --listening --udp --numeric |
        grep --count '203\.0\.113\.1[01]:347[89] ' || true)
    ((count >= 4))
}

# take_port NET: another inside host uses the client's port toward the second server, so that the
# client keeps its own port toward the first one only, unless its mapping is independent.
take_port() {
    local port
    for port in 3478 3479; do
        from_client "$1" "$python" -c 'import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], int(sys.argv[2])))
udp.sendto(b"x", (sys.argv[3], int(sys.argv[4])))' 10.1.0.11 "$local_port" "$second_server" "$port"
    done
    wait_for 5 "the other host's flows" counter_reaches "$1" flows_opened 2
}

# discover NET FLAG...: what the client concludes last.
discover() {
    from_client "$1" timeout 60 turnutils_natdiscovery "${@:2}" -L "$client_address" \
        "$server_address" >"$work/$1.found" 2>&1 || true
    grep '^N.*!' "$work/$1.found" | tail -n 1
}

# expect NAME MAPPING FILTERING [RULE WORD...]
expect() {
    local net=$1 mapping=$2 filtering=$3 found
    shift 3
    new_network "$net"
    start_stun_server "$net"
    start_sluice "$net" --snat "10.1.0.0/24 -> $public_address $*"
    take_port "$net"
    found=$(discover "$net" -m -l "$local_port")
    [[ $found == *"$mapping Mapping"* ]] || fail "mapping with '$*': $found"
    found=$(discover "$net" -f) # from another port, which has not talked to the second server
    [[ $found == *"$filtering Filtering"* ]] || fail "filtering with '$*': $found"
    pass "'$*': $mapping mapping, $filtering filtering"
    assert_accounts "$net"
    stop_sluice "$net"
}

# As Linux does, a changed port is kept toward further servers where it is free: the client finds
# that its mapping is dependent, and takes it for one that depends on the address.
expect default 'Dependent' 'Address and Port Dependent'
expect cone 'Endpoint Independent' 'Endpoint Independent' \
    mapping=endpoint-independent filtering=endpoint-independent
expect restricted 'Endpoint Independent' 'Address Dependent' \
    mapping=endpoint-independent filtering=address-dependent
expect port 'Endpoint Independent' 'Address and Port Dependent' \
    mapping=endpoint-independent filtering=endpoint-dependent
expect mixed 'Endpoint Independent' 'Endpoint Independent' \
    mapping=endpoint-independent filtering=endpoint-independent for=udp
