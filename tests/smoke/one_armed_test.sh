#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A gateway with one interface, as on a machine in a cloud: one_armed.sh has the network. The last
# one is managed by that interface, too, through its twin.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"
# shellcheck source=tests/smoke/one_armed.sh
source "$here/one_armed.sh"

new_one_armed linux
one_armed_linux linux
start_server linux
start_capture linux.router gw "$work/linux.pcap"
[[ $(seen_by_http linux) == "$public_address":* ]] || fail "Linux does not translate"
send_stray linux 1
wait_for 10 "the FIN circles" has_more 20 "$work/linux.pcap" \
    "tcp and src host $client_address and tcp[tcpflags] & tcp-fin != 0"
mark linux "$work/linux.pcap"
times=$(strays_from_gateway "$work/linux.pcap" 1)
pass "Linux sends one stray FIN back to the router $times times"

for workers in 1 2; do
    net=sluice$workers
    new_one_armed "$net"
    start_server "$net"
    one_armed_sluice "$net" --workers "$workers"
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
    (($(strays_from_gateway "$work/$net.pcap" 1) == 0)) || fail "the FIN came back"
    (($(private_packets "$work/$net.pcap") == 0)) || fail "an inside source came from the gateway"
    pass "a stray FIN is neither sent on nor sent back, $workers worker(s)"
    assert_accounts "$net"
    stop_sluice "$net"
done

[[ -c /dev/net/tun ]] || { echo "no /dev/net/tun: a twin on one interface is left out"; exit 0; }

# echo_from NAMESPACE: TCP to the gateway itself.
echo_from() {
    in_namespace "$1" "$python" "$here/echo_client.py" "$public_address" 22 100000 ||
        fail "no echo for $1"
}

net=twin
new_one_armed "$net"
start_server "$net"
one_armed_sluice "$net" --wan-twin sl0 --twin-ports 22
start_in "$net.gateway" "$python" "$here/echo_server.py" 22 >"$work/echo.log"
wait_for 10 "the echo server" grep -q listening "$work/echo.log"
in_namespace "$net.gateway" ip route add default via "$next_hop" dev sl0
start_capture "$net.router" gw "$work/$net.pcap"
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "curl is not translated beside a twin"
echo_from "$net.server"
echo_from "$net.client"
seen=$(in_namespace "$net.gateway" curl --silent --fail --max-time 10 \
    "http://$server_address/whoami") || fail "HTTP from the gateway"
[[ $seen == "$public_address":* ]] || fail "HTTP from the gateway is seen as $seen"
from_client "$net" ping -c 1 -W 5 "$public_address" >/dev/null || fail "ping of the twin"
(($(counter "$net" echo_replies) == 0)) || fail "sluice has answered a ping that is the kernel's"
[[ $(seen_by_udp "$net") == "$public_address":* ]] || fail "UDP is not translated beside a twin"
pass "TCP to the gateway from both sides, HTTP from it, and clients' flows by one interface"

before=$(counter "$net" invalid_untracked_fin)
send_stray "$net" 1
wait_for 5 "the FIN dropped" counter_reaches "$net" invalid_untracked_fin $((before + 1))
mark "$net" "$work/$net.pcap"
(($(strays_from_gateway "$work/$net.pcap" 1) == 0)) || fail "the kernel has sent the FIN back"
(($(private_packets "$work/$net.pcap") == 0)) || fail "an inside source came from the gateway"
pass "a kernel that forwards, with its way to the world by the twin, has no packet of the client's"
assert_accounts "$net"
stop_sluice "$net"
