# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
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

# one_armed_sluice NET FLAG...
one_armed_sluice() {
    # shellcheck disable=SC2034 # start_sluice reads them
    port_flags=(--lan af_packet:nic --wan af_packet:nic)
    # shellcheck disable=SC2034
    address_flags=(--lan-address 198.51.100.1/24 --wan-address 198.51.100.1/24
        --gateway "$next_hop" --inside 10.1.0.0/24)
    start_sluice "$@"
}

# The router's capture sees what comes from the gateway.
strays_from_gateway() {
    captured_count "$1" "tcp and src host $client_address and src port $((stray_first_port + $2))"
}
