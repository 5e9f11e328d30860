#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# ICMP errors of routers on both sides, as traceroute, tracepath, ping and TCP see them:
#
#    NET.deep          NET.client         NET.gateway      NET.server          NET.far
#   ┌────────────┐    ┌────────────┐     ┌─────────┐     ┌─────────────┐    ┌─────────────┐
#   │ 10.2.0.10  ├────┤ .1    .10  ├─────┤ sluice  ├─────┤ .254     .1 ├────┤ 192.0.2.10  │
#   └────────────┘1400└────────────┘     └─────────┘     └─────────────┘1300└─────────────┘
#       10.2.0.0/24       10.1.0.0/24         198.51.100.0/24     192.0.2.0/24
#
# The middle of the drawing is that of network.sh; client and server are routers as well. A router
# lets no more than 1400 bytes, or 1300, through to the host behind it.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
for tool in traceroute tracepath; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done

deep_address=10.2.0.10
far_address=192.0.2.10
inside_flags=(--inside 10.1.0.0/24 --inside 10.2.0.0/24 --route "10.2.0.0/24 via $client_address")

# add_depths NET: the outer two namespaces, and routers out of client and server.
add_depths() {
    new_namespace "$1.deep"
    new_namespace "$1.far"
    connect "$1.client" deep "$1.deep" eth0
    connect "$1.server" far "$1.far" eth0
    in_namespace "$1.client" ip address add 10.2.0.1/24 dev deep
    in_namespace "$1.deep" ip address add "$deep_address/24" dev eth0
    in_namespace "$1.deep" ip route add default via 10.2.0.1
    in_namespace "$1.server" ip address add 192.0.2.1/24 dev far
    in_namespace "$1.far" ip address add "$far_address/24" dev eth0
    in_namespace "$1.far" ip route add default via 192.0.2.1
    in_namespace "$1.client" ip link set dev deep mtu 1400
    in_namespace "$1.server" ip link set dev far mtu 1300
    local router
    for router in client server; do
        in_namespace "$1.$router" sysctl --quiet --write net.ipv4.ip_forward=1 \
            net.ipv4.icmp_ratelimit=0 net.ipv4.conf.all.send_redirects=0
    done
}

# hops FILE: the addresses that traceroute -n or tracepath -n has printed, one for each hop.
hops() {
    awk '$1 ~ /^[0-9]+:?$/ && $2 ~ /^[0-9.]+$/ { print $2 }' "$1" | paste -s -d ' '
}

# assert_no_inside_address CAPTURE: not in any header, nor in what an ICMP error quotes.
assert_no_inside_address() {
    local errors
    [[ -z $(captured "$1" net 10.0.0.0/8) ]] || fail "an inside address on the outside wire"
    errors=$(captured "$1" -x "icmp[0] == 3 or icmp[0] == 11")
    [[ -n $errors ]] || fail "no ICMP error was captured"
    ! grep --quiet -E ' 0a0[12] 00' <<<"$errors" || fail "an ICMP error quotes an inside address"
}

for workers in 1 2; do
    net=icmp$workers
    new_network "$net"
    add_depths "$net"
    start_sluice "$net" --workers "$workers" "${inside_flags[@]}"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    for method in "" --icmp "--tcp --port=80"; do
        # shellcheck disable=SC2086  # a method may be two words
        in_namespace "$net.deep" traceroute -n -q 1 -w 5 $method "$far_address" >"$work/trace"
        [[ $(hops "$work/trace") == "10.2.0.1 $lan_gateway $next_hop $far_address" ]] ||
            fail "traceroute $method: $(cat "$work/trace")"
    done
    pass "traceroute by UDP, ICMP and TCP sees every router, $workers worker(s)"

    in_namespace "$net.client" ping -c 2 -i 0.2 -W 5 -M do -s 1400 "$far_address" \
        >"$work/ping" 2>&1 ||
        true
    grep --quiet "From $next_hop .*Frag needed and DF set (mtu = 1300)" "$work/ping" ||
        fail "ping -M do: $(cat "$work/ping")"
    in_namespace "$net.client" tracepath -n "$far_address" >"$work/path"
    grep --quiet 'Resume: pmtu 1300' "$work/path" || fail "tracepath: $(cat "$work/path")"
    pass "path MTU discovery outwards: ping -M do and tracepath find 1300"

    in_namespace "$net.client" ip route flush cache
    run_iperf3 "$net.far" "$net.client" --client "$far_address" --bytes 2M
    in_namespace "$net.client" ip route get "$far_address" | grep --quiet 'mtu 1300' ||
        fail "TCP outwards never met the MTU"
    pass "TCP outwards finds 1300"

    start_server "$net"
    head --bytes=2M /dev/urandom >"$work/file"
    got=$(in_namespace "$net.deep" curl --silent --show-error --fail --max-time 30 \
        "http://$server_address/file" | sha256sum)
    [[ $got == "$(sha256sum <"$work/file")" ]] || fail "the file arrived changed"
    in_namespace "$net.server" ip route get "$public_address" | grep --quiet 'mtu 1400' ||
        fail "TCP inwards never met the MTU of the inside router"
    pass "TCP inwards finds 1400, behind the inside router"

    # Inwards along a flow that an inside host has opened, to a port where nobody listens.
    in_namespace "$net.deep" "$python" "$here/udp_client.py" "$deep_address" "$server_address" \
        9999 5000 >"$work/refused" 2>&1 && fail "who answers at port 9999?"
    grep --quiet 'ConnectionRefusedError' "$work/refused" || fail "$(cat "$work/refused")"
    pass "port unreachable reaches the program"
    in_namespace "$net.server" "$python" - "$server_address" "$public_address" <<'TRACE' >"$work/in"
import socket, sys
IP_RECVERR, MSG_ERRQUEUE = 11, 0x2000
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 9999))
udp.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
udp.connect((sys.argv[2], 5000))
udp.settimeout(5)
for ttl in 1, 2, 3:
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    udp.send(b"how far?")
    try:
        udp.recv(100)
    except OSError:
        pass
    _, control, _, _ = udp.recvmsg(0, 512, MSG_ERRQUEUE)
    for level, kind, data in control:
        if kind == IP_RECVERR:
            print(ttl, data[5], data[6], socket.inet_ntoa(data[20:24]))
TRACE
    expected="1 11 0 $public_address,2 11 0 $public_address,3 3 3 $public_address"
    [[ $(paste -s -d , "$work/in") == "$expected" ]] ||
        fail "a trace from outside: $(cat "$work/in")"
    pass "a trace from outside sees each router inside by the public address"

    assert_no_inside_address "$work/$net.pcap"
    assert_accounts "$net"
    stop_sluice "$net"
    pass "no inside address outside, not in what ICMP errors quote"
done
