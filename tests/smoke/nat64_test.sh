#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# An IPv6-only client reaches IPv4 servers by NAT64, with the kernel's own neighbour discovery,
# addresses and routes from the gateway's router advertisements, and real programs. It goes on when
# the gateway is killed and started again with what that has left (--state):
#
#        NET.client                NET.gateway              NET.server
#   ┌───────────────────┐       ┌────────────────┐       ┌──────────────┐
#   │ 2001:db8:1::/64   ├───────┤ sluice --nat64 ├───────┤ 203.0.113.10 │
#   └───────────────────┘       └────────────────┘       └──────────────┘
#     no IPv4 at all             64:ff9b::/96
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/ipv6.sh
source "$here/ipv6.sh"
# shellcheck source=tests/smoke/silent.sh
source "$here/silent.sh"
type -P curl >/dev/null || skip "curl is not installed"

server6="64:ff9b::$server_address"
net=n64
[[ $(stat --file-system --format %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
state_dir=$(mktemp --directory /dev/shm/sluice.XXXXXX)
trap 'remove_all; rm -rf "$state_dir"' EXIT
# DNS alone leaves by another address, by a rule for the hosts' prefix. Not loose: a connection that
# was not taken over does not go on by itself.
flags=(--nat64 64:ff9b::/96 --lan6 2001:db8:1::1/64 --ra 1 --log-flows "json:$work/flows.json"
    --inside 10.1.0.0/24,198.18.0.0/16
    --snat "2001:db8:1::/64 udp 53 -> 198.51.100.7"
    --state "$state_dir/flows" --tcp-loose 0)

has_router() {
    [[ -n $(in_namespace "$net.client" ip -6 route show default) ]]
}

new_network "$net"
in_namespace "$net.client" ip -4 address flush dev eth0
hear_routers "$net.client"
start_sluice "$net" "${flags[@]}"
start_server "$net"
start_in "$net.server" "$python" "$here/echo_server.py" 7 >"$work/echo"
wait_for 10 "the echo" grep --quiet listening "$work/echo"
start_capture "$net.server" eth0 "$work/outside.pcap"

wait_for 20 "a default route from the router advertisement" has_router
wait_for 10 "an address of the advertised prefix" global_address "$net.client" >"$work/address"
in_namespace "$net.client" ping -6 -c 3 -i 0.2 -W 2 2001:db8:1::1 >"$work/ping.own" ||
    fail "the gateway does not answer: $(cat "$work/ping.own")"
in_namespace "$net.client" ping -6 -c 3 -i 0.2 -W 2 "$server6" >"$work/ping" ||
    fail "no answer by NAT64: $(cat "$work/ping")"

head -c 8000000 /dev/urandom >"$work/file"
download "$net" 20 "[$server6]"

# UDP, and what does not fit in one packet on the IPv6 side.
in_namespace "$net.client" "$python" - "$server6" <<'PYTHON' || fail "UDP by NAT64"
import socket
import sys

client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
client.settimeout(5)
client.sendto(b"who am I", (sys.argv[1], 53))
answer = client.recv(4096).decode()
assert answer.startswith("198.51.100.7:"), answer
PYTHON

# A closed port is told by ICMPv6, which the kernel passes to the program.
status=0
in_namespace "$net.client" curl --silent --max-time 5 "http://[$server6]:81/" || status=$?
((status == 7)) || fail "curl to a closed port ends with $status, not as refused"

# Whatever is shown has the host's own address, and its number stands behind that.
read -r number client6 <<<"$(ctl "$net" ipv6-hosts | grep '^198\.18\..* 2001:db8:1:' | head -n 1)"
[[ -n ${client6:-} ]] || fail "ipv6-hosts knows nobody: $(ctl "$net" ipv6-hosts)"
ctl "$net" flows --proto udp >"$work/flows"
line='src=2001:db8:1:[0-9a-f:]* dst=64:ff9b::cb00:710a .* dst=198\.51\.100\.7 '
grep --quiet "$line" "$work/flows" ||
    fail "a list of flows without the IPv6 host: $(cat "$work/flows")"
ctl "$net" hosts | grep --quiet '^2001:db8:1:' || fail "hosts: $(ctl "$net" hosts)"
grep --quiet --fixed-strings "$number" "$work/flows" && fail "a number in the list of flows"
(($(ctl "$net" flows --count --src 2001:db8:1::/64 --dst "$server6") > 0)) ||
    fail "no flow of the IPv6 host's prefix"
(($(ctl "$net" flows --count --src 2001:db8:2::/64) == 0)) || fail "flows of another prefix"
ctl "$net" why tcp "[$client6]:4000" "[$server6]:80" >"$work/why"
for line in "^tcp \[$client6\]:4000 -> \[64:ff9b::cb00:710a\]:80 " \
    'leaves by wan as 198\.51\.100\.1:4000 -> 203\.0\.113\.10:80'; do
    grep --quiet "$line" "$work/why" || fail "why has no $line: $(cat "$work/why")"
done
grep --quiet '"event":"new",.*"src":"2001:db8:1:' "$work/flows.json" ||
    fail "a log without the IPv6 host: $(head -n 3 "$work/flows.json")"
grep --quiet '"src":"198\.18\.' "$work/flows.json" && fail "a number in the log"

# It is killed, and the next one goes on with the numbers and flows that it has left.
open_silent "$net.client" 3 "$server6"
end "${sluice_pid[$net]}" KILL || true
start_sluice "$net" "${flags[@]}"
(($(counter "$net" flows_adopted) >= 3)) || fail "$(counter "$net" flows_adopted) adopted"
read -r after _ <<<"$(ctl "$net" ipv6-hosts | grep --word-regexp --fixed-strings "$client6")"
[[ $after == "$number" ]] || fail "$client6 was $number, and is $after"
speak
end "${silent[0]}" TERM || true

wait_for 5 "the capture of the last connection" has_more 0 "$work/outside.pcap" tcp dst port 81
[[ -z $(captured "$work/outside.pcap" ip6 | head -n 1) ]] ||
    fail "IPv6 on the outside wire"
[[ -z $(captured "$work/outside.pcap" net 198.18.0.0/16 | head -n 1) ]] ||
    fail "an inside number on the outside wire"
assert_accounts "$net"
stop_sluice "$net"
pass "an IPv6-only client reaches IPv4 servers: ping, curl, UDP, and errors, also after a crash"
