#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# UDP-Lite, SCTP, ESP and GRE through the gateway, by sockets and tunnels of the kernel; what this
# kernel lacks is said and left out. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

net=protocols
new_network "$net"
start_sluice "$net" --workers 2
start_capture "$net.server" eth0 "$work/$net.pcap"
second_client=10.1.0.11

# ask KIND LOCAL-ADDRESS: how the server sees the client.
ask() {
    from_client "$net" "$python" "$here/any_protocol.py" ask "$1" "$2" "$server_address"
}

# serve KIND: false where the kernel does not have the protocol.
serve() {
    local why
    if ! why=$("$python" "$here/any_protocol.py" has "$1" 2>&1); then
        echo "left out: $1: $why"
        return 1
    fi
    start_in "$net.server" "$python" "$here/any_protocol.py" serve "$1" "$server_address" \
        >"$work/$1.log" 2>&1
    wait_for 10 "the server of $1" grep -q '^listening' "$work/$1.log"
}

# flow PROTOCOL-NUMBER: the lines of its flows.
flow() {
    ctl "$net" flows --proto "$1"
}

if serve udplite; then
    seen=$(ask udplite "$client_address")
    [[ $seen == "$public_address:4000" ]] || fail "the UDP-Lite server saw $seen"
    seen=$(ask udplite "$second_client")
    [[ $seen == "$public_address":* && $seen != *:4000 ]] || fail "the second client was $seen"
    (($(flow 136 | grep --count '^udplite  136 ') == 2)) || fail "flows: $(flow 136)"
    pass "UDP-Lite, its checksum over a part"
fi

if serve sctp; then
    seen=$(ask sctp "$client_address")
    [[ $seen == "$public_address:4000" ]] || fail "the SCTP server saw $seen"
    seen=$(ask sctp "$second_client")
    [[ $seen == "$public_address":* && $seen != *:4000 ]] || fail "the second client was $seen"
    flow 132 | grep --quiet '^sctp     132 ' || fail "flows: $(flow 132)"
    pass "SCTP"
fi

if serve 50; then
    seen=$(ask 50 "$client_address")
    [[ $seen == "$public_address" ]] || fail "the ESP peer saw $seen"
    flow 50 | grep --quiet '^unknown  50 ' || fail "flows: $(flow 50)"
    ! ask 50 "$second_client" 2>/dev/null || fail "two hosts have one address toward one peer"
    (($(counter "$net" addresses_exhausted) >= 1)) || fail "addresses_exhausted"
    pass "ESP, by address: the second host is told apart and refused"
fi

# A tunnel between client and server; each end sees the other through the gateway.
if in_namespace "$net.client" ip link add tunnel type gre local "$client_address" \
    remote "$server_address" 2>"$work/gre"; then
    in_namespace "$net.client" ip address add 192.168.7.1/30 dev tunnel
    in_namespace "$net.client" ip link set tunnel up
    in_namespace "$net.server" ip link add tunnel type gre local "$server_address" \
        remote "$public_address"
    in_namespace "$net.server" ip address add 192.168.7.2/30 dev tunnel
    in_namespace "$net.server" ip link set tunnel up
    from_client "$net" ping -q -c 3 -i 0.2 -W 5 192.168.7.2 >"$work/ping" ||
        fail "ping through the tunnel: $(cat "$work/ping")"
    flow gre | grep --quiet '^gre      47 .*srckey=0x0 dstkey=0x0' || fail "flows: $(flow gre)"
    pass "a GRE tunnel"
else
    echo "left out: a GRE tunnel: $(cat "$work/gre")"
fi

# What the kernel has no socket for goes in raw packets; the answer is none, but the flow shows it.
if serve 47; then
    seen=$(ask 47 "$client_address")
    [[ $seen == "$public_address" ]] || fail "the GRE peer saw $seen"
    pass "GRE, by address"
fi

assert_no_leak "$work/$net.pcap"
assert_accounts "$net"
stop_sluice "$net"
pass "no inside address outside, and every packet is accounted for"
