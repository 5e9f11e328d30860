# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# IPv6 beside IPv4 in a network of network.sh, whose gateway may have both ends:
#
#        NET.client                  NET.gateway                     NET.server
#   ┌──────────────────┐       ┌─────────────────────┐        ┌────────────────────┐
#   │ 2001:db8:1::10   ├───────┤ 2001:db8:1::1       │        │ 2001:db8:ff::1     │
#   │                  │       │      2001:db8:ff::2 ├────────┤ 2001:db8:cafe::10  │
#   └──────────────────┘       └─────────────────────┘        └────────────────────┘

client6=2001:db8:1::10
server6=2001:db8:cafe::10
# shellcheck disable=SC2034  # for those who source this file
flags6=(--lan6 2001:db8:1::1/64 --wan6 2001:db8:ff::2/64 --gateway6 2001:db8:ff::1)

# enable_ipv6 NAMESPACE INTERFACE...
enable_ipv6() {
    local interface settings=(net.ipv6.conf.all.disable_ipv6=0)
    for interface in "${@:2}"; do settings+=("net.ipv6.conf.$interface.disable_ipv6=0"); done
    in_namespace "$1" sysctl --quiet --write "${settings[@]}"
}

# add_ipv6 NET PREFIX: addresses at both ends; the server has the prefix behind the gateway.
add_ipv6() {
    enable_ipv6 "$1.client" eth0 lo
    enable_ipv6 "$1.server" eth0 lo
    in_namespace "$1.client" ip -6 address add "$client6/64" dev eth0 nodad
    in_namespace "$1.client" ip -6 route add default via 2001:db8:1::1 src "$client6"
    in_namespace "$1.server" ip -6 address add 2001:db8:ff::1/64 dev eth0 nodad
    in_namespace "$1.server" ip -6 address add "$server6/128" dev lo nodad
    in_namespace "$1.server" ip -6 route add "$2" via 2001:db8:ff::2
}

# hear_routers NAMESPACE: its eth0 has addresses and routes as routers advertise them.
hear_routers() {
    in_namespace "$1" sysctl --quiet --write net.ipv6.conf.eth0.accept_ra=2 \
        net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.disable_ipv6=0
}

# global_address NAMESPACE: the one of the inside prefix; fails as long as there is none.
global_address() {
    in_namespace "$1" ip -6 -brief address show dev eth0 scope global |
        grep --only-matching '2001:db8:1:[0-9a-f:]*'
}

# start_http6 NET: of $work, on port 80 of $server6; $work/NET.http says who has asked.
start_http6() {
    start_in "$1.server" "$python" -m http.server --bind "$server6" --directory "$work" 80 \
        >"$work/$1.http" 2>&1
    wait_for 10 "HTTP by IPv6" in_namespace "$1.server" sh -c 'ss -Hltn sport = 80 | grep -q .'
}

# answers6 NAMESPACE ADDRESS [FLAG...]: one ping.
answers6() {
    in_namespace "$1" ping -6 -c 1 -W 2 "${@:3}" "$2" >"$work/ping" 2>&1
}

# is_refused NAMESPACE ADDRESS: whether the sender of a datagram to port 9, which is closed, learns
# that from the error, as he does if that quotes what he sent.
is_refused() {
    in_namespace "$1" "$python" - "$2" <<'PYTHON' | grep --quiet --line-regexp refused
import socket, sys
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.settimeout(5)
udp.connect((sys.argv[1], 9))
udp.send(b"anybody there?")
try:
    udp.recv(100)
except ConnectionRefusedError:
    print("refused")
PYTHON
}
