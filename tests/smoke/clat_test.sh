#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# An IPv6-only host reaches an IPv4 server by the two ways that such hosts have: by name, for which
# a DNS64 (unbound) makes an IPv6 address, and by its IPv4 address, which a CLAT (tayga) on the host
# translates (464XLAT, RFC 6877). Between the routers outside the MTU is smaller than on all else:
#
#       NET.client          NET.gateway        NET.server         NET.beyond          NET.far
#   ┌────────────────┐   ┌──────────────┐   ┌───────────┐      ┌───────────┐      ┌────────────┐
#   │ tayga, unbound ├───┤ sluice       ├───┤ .254   .1 ├──────┤ .2     .1 ├──────┤ .10 .53    │
#   └────────────────┘   └──────────────┘   └───────────┘ 1400 └───────────┘      └────────────┘
#     2001:db8:1::/64   2001:db8:64::/96  198.51.100.0/24    192.0.3.0/24       192.0.2.0/24
#     clat: 192.0.0.1 is 2001:db8:1::464
#
# The prefix is the network's own: behind 64:ff9b::/96 tayga reaches no address of documentation.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/ipv6.sh
source "$here/ipv6.sh"
for tool in curl iperf3 traceroute tracepath tayga unbound; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done

far4=192.0.2.10
far6=2001:db8:64::c000:20a
dns4=192.0.2.53
dns6=2001:db8:1::53
name=far.example.net
clat4=192.0.0.1 # of the block that RFC 7335 has set apart for this
tayga4=192.0.0.2
host4=192.0.0.3
gateway4=192.0.0.4
clat6=2001:db8:1::464
declare -A far=([ipv6]=$far6 [clat]=$far4)

# add_routers NET: what is behind the first router outside.
add_routers() {
    local router
    new_namespace "$1.beyond"
    new_namespace "$1.far"
    connect "$1.server" beyond "$1.beyond" eth0
    connect "$1.beyond" far "$1.far" eth0
    in_namespace "$1.server" ip link set dev beyond mtu 1400
    in_namespace "$1.beyond" ip link set dev eth0 mtu 1400
    in_namespace "$1.server" ip address add 192.0.3.1/24 dev beyond
    in_namespace "$1.server" ip route add 192.0.2.0/24 via 192.0.3.2
    in_namespace "$1.beyond" ip address add 192.0.3.2/24 dev eth0
    in_namespace "$1.beyond" ip route add default via 192.0.3.1
    in_namespace "$1.beyond" ip address add 192.0.2.1/24 dev far
    in_namespace "$1.far" ip address add "$far4/24" dev eth0
    in_namespace "$1.far" ip address add "$dns4/24" dev eth0
    in_namespace "$1.far" ip route add default via 192.0.2.1
    for router in server beyond; do
        in_namespace "$1.$router" sysctl --quiet --write net.ipv4.ip_forward=1 \
            net.ipv4.icmp_ratelimit=0
    done
    in_namespace "$1.far" sysctl --quiet --write net.ipv4.icmp_ratelimit=0
}

# start_unbound NAMESPACE FILE: with the configuration that comes by standard input.
start_unbound() {
    {
        printf '%s\n' 'server:' '  do-daemonize: no' '  use-syslog: no' '  username: ""' \
            '  chroot: ""' '  pidfile: ""' "  directory: \"$work\"" '  do-not-query-localhost: no' \
            '  num-threads: 1'
        cat
    } >"$2"
    start_in "$1" unbound -d -c "$2" >"$2.log" 2>&1
    wait_for 10 "unbound in $1: $(cat "$2.log")" grep --quiet 'start of service' "$2.log"
}

# advertised_dns: the server that router advertisements have told the client of; fails until then.
advertised_dns() {
    captured "$work/routers.pcap" -vv |
        sed -n -E '/rdnss option/ { s/.* addr: ([0-9a-f:]+).*/\1/p; q }' | grep .
}

# start_dns NET: who knows the name, outside, and the DNS64, which asks there through the gateway,
# and which the client asks because it has heard of it.
start_dns() {
    cat >"$work/zone" <<ZONE
example.net. 3600 IN SOA ns.example.net. root.example.net. 1 3600 600 86400 3600
example.net. 3600 IN NS ns.example.net.
ns.example.net. 3600 IN A $dns4
$name. 3600 IN A $far4
ZONE
    start_unbound "$1.far" "$work/$1.outside.conf" <<CONFIG
  interface: $dns4
  access-control: 0.0.0.0/0 allow
auth-zone:
  name: example.net
  zonefile: $work/zone
  for-upstream: no
CONFIG
    # Of no preference, so that it is the source of nothing but answers.
    in_namespace "$1.client" ip -6 address add "$dns6/128" dev lo nodad preferred_lft 0
    start_unbound "$1.client" "$work/$1.dns64.conf" <<CONFIG
  interface: $dns6
  access-control: 2001:db8:1::/64 allow
  do-ip4: no
  module-config: "dns64 iterator"
  dns64-prefix: 2001:db8:64::/96
stub-zone:
  name: example.net
  stub-addr: 2001:db8:64::$dns4
CONFIG
    wait_for 10 "a DNS server in the router advertisements" advertised_dns >"$work/dns"
    echo "nameserver $(<"$work/dns")" >"$work/resolv.conf"
}

# make_ipv6_only NET: the client, which hears of address and route from the gateway.
make_ipv6_only() {
    in_namespace "$1.client" ip -4 address flush dev eth0
    in_namespace "$1.client" sysctl --quiet --write net.ipv6.conf.all.forwarding=1 \
        net.ipv6.conf.eth0.accept_ra=2 net.ipv6.conf.eth0.accept_dad=0 \
        net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
        net.ipv6.conf.lo.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0 net.ipv6.icmp.ratelimit=0
}

# start_clat NET: in the client. Its IPv6 address is one of the subnet, for which the host answers.
# Of the routers on the way, two have no IPv4 address behind the prefix; without one of their own
# tayga would not pass on what they say.
start_clat() {
    local client6
    client6=$(global_address "$1.client")
    cat >"$work/$1.tayga.conf" <<CONFIG
tun-device clat
ipv4-addr $tayga4
ipv6-addr 2001:db8:1::465
prefix 2001:db8:64::/96
map $clat4 $clat6
map $host4 $client6
map $gateway4 2001:db8:1::1
CONFIG
    in_namespace "$1.client" tayga --config "$work/$1.tayga.conf" --mktun >"$work/$1.mktun"
    in_namespace "$1.client" ip link set dev clat up
    in_namespace "$1.client" ip address add "$clat4/32" dev clat
    in_namespace "$1.client" ip route add default dev clat src "$clat4"
    in_namespace "$1.client" ip -6 route add "$clat6/128" dev clat
    in_namespace "$1.client" sysctl --quiet --write net.ipv6.conf.eth0.proxy_ndp=1
    in_namespace "$1.client" ip -6 neighbour add proxy "$clat6" dev eth0
    start_in "$1.client" tayga --config "$work/$1.tayga.conf" --nodetach >"$work/$1.tayga" 2>&1
}

# by_name NET COMMAND...: a program of the client that asks the DNS64 for names.
by_name() {
    local net=$1
    shift
    # shellcheck disable=SC2016  # the other shell's own
    in_namespace "$net.client" unshare --mount sh -c \
        'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$work/resolv.conf" "$@"
}

is_named() {
    by_name "$1" getent ahostsv6 "$name" >"$work/getent" && grep --quiet "^$far6 " "$work/getent"
}

answers() {
    in_namespace "$1.client" ping -c 1 -W 2 "$2" >"$work/ping" 2>&1
}

in_url() {
    [[ $1 == *:* ]] && echo "[$1]" || echo "$1"
}

# hops FILE: the addresses that traceroute -n has printed, one for each hop.
hops() {
    awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9a-f.:]+$/ { print $2 }' "$1" | paste -s -d ' '
}

# path_mtu NET NAMESPACE ADDRESS: what the kernel there has learned; 1500 where nothing.
path_mtu() {
    in_namespace "$1.$2" ip -oneline route get "$3" |
        sed -n -E 's/.* mtu ([0-9]+).*/\1/p' | grep . || echo 1500
}

forget_path_mtu() {
    in_namespace "$1.client" ip route flush cache
    in_namespace "$1.client" ip -6 route flush cache
    in_namespace "$1.far" ip route flush cache
}

# A datagram that is not to be cut learns how large it may be, and passes then:
# LOCAL-FAMILY SERVER PORT. Prints the MTU.
learn_mtu='
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
level, discover, mtu, headers = {
    socket.AF_INET6: (socket.IPPROTO_IPV6, 23, 24, 48),
    socket.AF_INET: (socket.IPPROTO_IP, 10, 14, 28),
}[family]
DO = 2
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.setsockopt(level, discover, DO)
udp.settimeout(1)
udp.connect((sys.argv[1], 53))
for attempt in range(10):
    try:
        known = udp.getsockopt(level, mtu)
        # The answer begins with a line that is longer than the question.
        udp.send(b"who am I?" + bytes(known - headers - 9 - 20 * (attempt > 3)))
        if udp.recv(4000):
            break
    except OSError:
        continue
else:
    sys.exit(f"no datagram of {known} bytes passes")
print(known)'

# A datagram from a port that nobody holds any more when the other end sends there.
send_and_go='
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.bind(("", int(sys.argv[2])))
udp.sendto(b"nobody waits", (sys.argv[1], 9))'
is_refused='
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 9))
udp.connect((sys.argv[2], int(sys.argv[3])))
udp.settimeout(5)
udp.send(b"anybody there?")
try:
    udp.recv(100)
except ConnectionRefusedError:
    print("refused")'

# assert_datagrams NET WAY: while nobody knows of the narrow link, so the router there cuts them.
assert_datagrams() {
    local net=$1 to=${far[$2]} bytes seen
    in_namespace "$net.client" ping -q -c 3 -i 0.2 -W 5 "$to" >"$work/ping" ||
        fail "ping by $2: $(cat "$work/ping")"
    for bytes in 1465 8000; do
        seen=$(in_namespace "$net.client" "$python" "$here/udp_client.py" "" "$to" 53 0 "$bytes") ||
            fail "UDP of $bytes bytes by $2"
        [[ $seen == "$public_address":* ]] || fail "UDP of $bytes bytes: seen as $seen"
    done
    pass "$2: ping, and datagrams of 1465 and 8000 bytes"
}

# assert_path NET WAY MTU: TCP and UDP go on when they have met the narrow link, for a sender there
# is told how much passes. Each begins where nobody knows it, for TCP tells the other end.
assert_path() {
    local net=$1 to=${far[$2]} http got learned
    http=(curl --silent --show-error --fail --max-time 30)
    forget_path_mtu "$net"
    got=$(in_namespace "$net.client" "${http[@]}" "http://$(in_url "$to")/file" | sha256sum)
    [[ $got == "$sum" ]] || fail "the file came changed by $2"
    learned=$(path_mtu "$net" far "$public_address")
    ((learned == 1400)) || fail "TCP inwards by $2 has learned $learned, not 1400"
    forget_path_mtu "$net"
    got=$(in_namespace "$net.client" "${http[@]}" --data-binary "@$work/file" \
        "http://$(in_url "$to")/")
    [[ "$got  -" == "$sum" ]] || fail "the file went changed by $2: $got"
    learned=$(path_mtu "$net" client "$to")
    ((learned == $3)) || fail "TCP outwards by $2 has learned $learned, not $3"
    pass "$2: a file both ways by HTTP, and TCP learns that 1400 bytes pass"
    forget_path_mtu "$net"
    learned=$(in_namespace "$net.client" "$python" -c "$learn_mtu" "$to") || fail "UDP by $2"
    ((learned == $3)) || fail "UDP by $2 has learned $learned, not $3"
    pass "$2: UDP that is not to be cut learns that $3 bytes pass"
}

# assert_errors NET WAY PORT: what a host inside says of a packet from outside.
assert_errors() {
    local net=$1 told
    in_namespace "$net.client" "$python" -c "$send_and_go" "${far[$2]}" "$3"
    told=$(in_namespace "$net.far" "$python" -c "$is_refused" "$far4" "$public_address" "$3") ||
        fail "by $2 the server is told: $told"
    [[ $told == refused ]] || fail "the server is not told that the port is closed, by $2"
    pass "$2: the server is told that a port inside is closed"
}

# assert_hops NET WAY HOP...
assert_hops() {
    local net=$1 way=$2 method
    shift 2
    for method in "" --icmp "--tcp --port=80"; do
        # shellcheck disable=SC2086  # a method may be two words
        in_namespace "$net.client" traceroute -n -q 1 -w 5 $method "${far[$way]}" >"$work/trace"
        [[ $(hops "$work/trace") == "$*" ]] || fail "traceroute $method: $(cat "$work/trace")"
    done
    pass "$way: traceroute by UDP, ICMP and TCP sees the routers outside"
}

# assert_no_inside_address CAPTURE: not in any header, nor in what an ICMP error quotes.
assert_no_inside_address() {
    local errors
    [[ -z $(captured "$1" "not ip and not arp" | head -n 1) ]] || fail "no IPv4 on the outside wire"
    [[ -z $(captured "$1" "ip and not src $public_address" | head -n 1) ]] ||
        fail "an inside address on the outside wire"
    errors=$(captured "$1" -x "icmp[0] == 3")
    ! grep --quiet -E ' (c612|c000 000[0-7])( |$)' <<<"$errors" ||
        fail "an ICMP error quotes an inside address"
}

head --bytes=8M /dev/urandom >"$work/file"
sum=$(sha256sum <"$work/file")
net=clat
new_network "$net"
add_routers "$net"
make_ipv6_only "$net"
capture_bytes=256 start_capture "$net.client" eth0 "$work/routers.pcap" "icmp6 and ip6[40] == 134"
start_sluice "$net" --workers 2 --nat64 2001:db8:64::/96 --lan6 2001:db8:1::1/64 --ra 1 \
    --ra-dns "$dns6" --inside 198.18.0.0/16
start_in "$net.far" "$python" "$here/server.py" "$work" "$far4" >"$work/$net.server.log" 2>&1
wait_for 10 "the server" grep -q '^listening' "$work/$net.server.log"
# Of iperf3's packets those alone that should not be there.
start_capture "$net.server" eth0 "$work/outside.pcap" \
    "not (ip and src $public_address and tcp port 5201)"
wait_for 20 "an address of the advertised prefix" global_address "$net.client" >"$work/address"
start_clat "$net"
start_dns "$net"
wait_for 10 "an answer by NAT64" answers "$net" "$far6"
wait_for 10 "an answer by the CLAT: $(cat "$work/$net.tayga")" answers "$net" "$far4"
wait_for 10 "an IPv6 address of $name" is_named "$net"

by_name "$net" ping -6 -q -c 3 -i 0.2 -W 5 "$name" >"$work/ping" || fail "$(cat "$work/ping")"
got=$(by_name "$net" curl --ipv6 --silent --show-error --fail --max-time 30 "http://$name/file" |
    sha256sum)
[[ $got == "$sum" ]] || fail "the file came changed by DNS64"
seen=$(by_name "$net" curl --ipv6 --silent --show-error --fail "http://$name/whoami")
[[ $seen == "$public_address":* ]] || fail "the server saw $seen"
pass "a name that has no IPv6 address: ping and curl by DNS64"

for way in ipv6 clat; do
    assert_datagrams "$net" "$way"
    assert_path "$net" "$way" "$([[ $way == ipv6 ]] && echo 1420 || echo 1400)"
    run_iperf3 "$net.far" "$net.client" --client "${far[$way]}" --time 1
    run_iperf3 "$net.far" "$net.client" --client "${far[$way]}" --time 1 --reverse
    pass "$way: iperf3 both ways"
    assert_errors "$net" "$way" "$([[ $way == ipv6 ]] && echo 40001 || echo 40002)"
done
assert_hops "$net" ipv6 2001:db8:1::1 2001:db8:64::c633:64fe 2001:db8:64::c000:302 "$far6"
assert_hops "$net" clat "$tayga4" "$host4" "$gateway4" "$next_hop" 192.0.3.2 "$far4"

wait_for 5 "the capture" has_more 1 "$work/outside.pcap" "icmp[0] == 3"
assert_no_inside_address "$work/outside.pcap"
assert_accounts "$net"
stop_sluice "$net"
pass "no inside address outside, not in what ICMP errors quote, and no IPv6"
