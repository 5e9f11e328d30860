#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A gateway with one interface, as on a machine in a cloud. The network's router sends it what
# inside hosts send, and what comes back to its public address; it sends all to the router.
#
#    NET.client            NET.router                 NET.server
#   ┌───────────┐   veth  ┌───────────────┐   veth   ┌──────────────────┐
#   │ eth0      ├─────────┤ in        out ├──────────┤ eth0       lo    │
#   │ 10.1.0.10 │         │      gw       │          │ 203.0.113.10     │
#   └───────────┘         └──────┬────────┘          └──────────────────┘
#                                │ veth, 198.51.100.0/24
#                          ┌─────┴─────┐
#                          │    nic    │  NET.gateway: Linux or sluice
#                          └───────────┘
#
# Linux does not translate a FIN that it cannot track. It goes back to the router with the address
# from inside, so the router sends it to the gateway again, until its TTL ends.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"

# new_one_armed NET
new_one_armed() {
    local name
    for name in client router gateway server; do new_namespace "$1.$name"; done
    connect "$1.client" eth0 "$1.router" in
    connect "$1.gateway" nic "$1.router" gw
    connect "$1.router" out "$1.server" eth0
    in_namespace "$1.client" ip address add "$client_address/24" dev eth0
    in_namespace "$1.client" ip route add default via 10.1.0.254
    in_namespace "$1.router" ip address add 10.1.0.254/24 dev in
    in_namespace "$1.router" ip address add 198.51.100.254/24 dev gw
    in_namespace "$1.router" ip address add 192.0.2.254/24 dev out
    in_namespace "$1.router" ip route add "$server_address" via 192.0.2.1
    in_namespace "$1.router" sysctl --quiet --write net.ipv4.ip_forward=1 \
        net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.gw.send_redirects=0
    # The route table of the inside subnet: the world is behind the gateway.
    in_namespace "$1.router" ip route add default via "$public_address" table 100
    in_namespace "$1.router" ip rule add from 10.1.0.0/24 lookup 100
    in_namespace "$1.router" ip rule add from 10.1.0.0/24 to 10.1.0.0/24 lookup main
    in_namespace "$1.server" ip address add 192.0.2.1/24 dev eth0
    in_namespace "$1.server" ip address add "$server_address/32" dev lo
    in_namespace "$1.server" ip route add 198.51.100.0/24 via 192.0.2.254
}

# one_armed_linux NET: the gateway as a cloud's guide makes it.
one_armed_linux() {
    in_namespace "$1.gateway" ip address add "$public_address/24" dev nic
    in_namespace "$1.gateway" ip route add default via "$next_hop"
    in_namespace "$1.gateway" sysctl --quiet --write net.ipv4.ip_forward=1 \
        net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.nic.send_redirects=0
    in_namespace "$1.gateway" nft -f - <<'RULES'
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "nic" ip saddr 10.1.0.0/24 masquerade
    }
}
RULES
}

# The router's capture sees what comes from the gateway.
from_gateway() {
    captured_count "$1" "tcp and src host $client_address and tcp[tcpflags] & tcp-fin != 0"
}

new_one_armed linux
one_armed_linux linux
start_server linux
start_capture linux.router gw "$work/linux.pcap"
[[ $(seen_by_http linux) == "$public_address":* ]] || fail "Linux does not translate"
send_stray linux 1
wait_for 10 "the FIN circles" has_more 20 "$work/linux.pcap" \
    "tcp and src host $client_address and tcp[tcpflags] & tcp-fin != 0"
mark linux "$work/linux.pcap"
pass "Linux sends one stray FIN back to the router $(from_gateway "$work/linux.pcap") times"

for workers in 1 2; do
    net=sluice$workers
    new_one_armed "$net"
    start_server "$net"
    port_flags=(--lan af_packet:nic --wan af_packet:nic)
    address_flags=(--lan-address 198.51.100.1/24 --wan-address 198.51.100.1/24
        --gateway "$next_hop" --inside 10.1.0.0/24)
    start_sluice "$net" --workers "$workers"
    start_capture "$net.router" gw "$work/$net.pcap"

    from_client "$net" ping -c 3 -i 0.2 -W 5 "$server_address" >/dev/null || fail "ping"
    from_client "$net" ping -c 1 -W 5 -s 3000 "$server_address" >/dev/null || fail "fragments"
    from_client "$net" ping -c 1 -W 5 "$public_address" >/dev/null || fail "ping of the gateway"
    [[ $(seen_by_http "$net") == "$public_address":* ]] || fail "curl is not translated"
    [[ $(seen_by_udp "$net") == "$public_address":* ]] || fail "UDP is not translated"
    pass "ping, fragments, TCP and UDP by one interface, $workers worker(s)"

    before=$(counter "$net" invalid_untracked_fin)
    send_stray "$net" 1
    wait_for 5 "the FIN dropped" counter_reaches "$net" invalid_untracked_fin $((before + 1))
    mark "$net" "$work/$net.pcap"
    (($(from_gateway "$work/$net.pcap") == 0)) || fail "the FIN came back"
    (($(private_packets "$work/$net.pcap") == 0)) || fail "an inside source came from the gateway"
    pass "a stray FIN is neither sent on nor sent back, $workers worker(s)"
    assert_accounts "$net"
    stop_sluice "$net"
done
