#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# An IPv6 client reaches IPv6 servers with its own address through a gateway that tracks what it
# does: real programs, the kernels' own neighbour discovery, and a router on the way:
#
#        NET.client                  NET.gateway                   NET.server            NET.far
#   ┌──────────────────┐        ┌──────────────────┐        ┌────────────────────┐   ┌───────────┐
#   │ 2001:db8:1::10   ├────────┤ sluice --route6  ├────────┤ 2001:db8:ff::1     ├───┤ 2001:db8: │
#   │ 2001:db8:1:0:9:: │        │    2001:db8:ff::2│        │ 2001:db8:cafe::10  │   │   beef::2 │
#   └──────────────────┘        └──────────────────┘        └────────────────────┘   └───────────┘
#     2001:db8:1::/80 is routed to 2001:db8:ff::2, and nobody else of the subnet is named
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/ipv6.sh
source "$here/ipv6.sh"
for program in curl iperf3 traceroute; do
    type -P "$program" >/dev/null || skip "$program is not installed"
done

unnamed6=2001:db8:1:0:9::10
far6=2001:db8:beef::2

# The largest datagram that fits is sent whole until the network says less; says what it said.
path_mtu='
import socket, sys, time
IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, IPV6_MTU = 23, 2, 24
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO)
udp.connect((sys.argv[1], 9))
for _ in range(50):
    try:
        udp.send(b"x" * (1500 - 48))
    except OSError:
        pass
    mtu = udp.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU)
    if mtu < 1500:
        break
    time.sleep(0.1)
print(mtu)'

# add_others NET: the network behind the server, and a host beside the client.
add_others() {
    new_namespace "$1.far"
    connect "$1.server" beyond "$1.far" eth0
    in_namespace "$1.server" ip link set dev beyond mtu 1400
    in_namespace "$1.far" ip link set dev eth0 mtu 1400
    enable_ipv6 "$1.far" eth0 lo
    enable_ipv6 "$1.server" beyond
    in_namespace "$1.server" sysctl --quiet --write net.ipv6.conf.all.forwarding=1
    in_namespace "$1.client" ip -6 address add "$unnamed6/64" dev eth0 nodad preferred_lft 0
    in_namespace "$1.server" ip -6 address add 2001:db8:beef::1/64 dev beyond nodad
    in_namespace "$1.far" ip -6 address add "$far6/64" dev eth0 nodad
    in_namespace "$1.far" ip -6 route add default via 2001:db8:beef::1
}

head -c 8000000 /dev/urandom >"$work/file"
for workers in 1 2; do
    net=r6$workers
    new_network "$net"
    add_ipv6 "$net" 2001:db8:1::/64
    add_others "$net"
    start_sluice "$net" --workers "$workers" "${flags6[@]}" --route6 2001:db8:1::/80
    start_http6 "$net"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    wait_for 10 "an answer of the server" answers6 "$net.client" "$server6"
    wait_for 10 "an answer from afar" answers6 "$net.client" "$far6"
    answers6 "$net.client" 2001:db8:1::1 || fail "no answer of the gateway: $(cat "$work/ping")"
    answers6 "$net.server" 2001:db8:ff::2 || fail "no answer outside: $(cat "$work/ping")"
    answers6 "$net.client" "$server6" -s 4000 || fail "a ping in fragments: $(cat "$work/ping")"
    pass "pings, in fragments too, $workers worker(s)"

    download "$net" 30 "[$server6]"
    grep --quiet "^$client6 " "$work/$net.http" ||
        fail "the server saw somebody else: $(cat "$work/$net.http")"
    iperf3_flags=(--bind "$server6")
    run_iperf3 "$net.server" "$net.client" --client "$server6" --time 1 --udp --bitrate 5M --json
    pass "a file by HTTP, and UDP both ways"

    ctl "$net" flows >"$work/flows"
    grep --quiet "src=$client6 dst=$server6" "$work/flows" ||
        fail "no flow has both addresses: $(cat "$work/flows")"
    ctl "$net" why tcp "[$client6]:40000" "[$server6]:443" >"$work/why" ||
        fail "why: $(cat "$work/why")"
    pass "flows and why name both ends"

    in_namespace "$net.client" traceroute -6 -n -q 1 -w 3 -m 5 "$far6" >"$work/hops" 2>&1 ||
        fail "traceroute: $(cat "$work/hops")"
    for hop in 2001:db8:1::1 2001:db8:ff::1 "$far6"; do
        grep --quiet " $hop " "$work/hops" || fail "no hop $hop: $(cat "$work/hops")"
    done
    is_refused "$net.client" "$server6" || fail "the client is not told that the port is closed"
    [[ $(in_namespace "$net.client" "$python" -c "$path_mtu" "$far6") == 1400 ]] ||
        fail "the client is not told the MTU of the way"
    pass "traceroute shows each router, a closed port and an MTU are told"

    for to in "$client6" "$unnamed6"; do
        answers6 "$net.server" "$to" && fail "$to is reached from outside"
        answers6 "$net.far" "$to" && fail "$to is reached from afar"
    done
    answers6 "$net.client" "$server6" -I "$unnamed6" && fail "who is not named reaches the server"
    (($(counter "$net" no_mapping) > 0)) || fail "no_mapping"
    (($(counter "$net" outside_to_inside) > 0)) || fail "outside_to_inside"
    (($(counter "$net" ipv6_destination) > 0)) || fail "ipv6_destination"
    is_refused "$net.client" "$server6" || fail "the client is no longer told of a closed port"
    wait_for 5 "the capture" has_more 0 "$work/$net.pcap" udp dst port 9
    [[ -z $(captured "$work/$net.pcap" src net 2001:db8:1:0:9::/80 | head -n 1) ]] ||
        fail "a host that is not named on the outside wire"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "nothing comes in unasked, and who is not named stays inside"
done
