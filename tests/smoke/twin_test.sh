#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Services of the gateway itself, by the kernel's twins of both ports, beside forwarded traffic: TCP
# to it, ping, HTTP and UDP from it, a DHCP client. The kernel forwards (start_sluice sees to that)
# and has another interface with a way to the world: no client's packet comes out there. Then
# several twins at once, and a lease.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"

[[ -c /dev/net/tun ]] || skip "there is no /dev/net/tun"

# on_gateway NET COMMAND...
on_gateway() {
    local net=$1
    shift
    in_namespace "$net.gateway" "$@"
}

# echo_through NAMESPACE ADDRESS PORT
echo_through() {
    in_namespace "$1" "$python" "$here/echo_client.py" "$2" "$3" 100000 ||
        fail "no echo for $1 from $2 port $3"
}

mac_of() {
    on_gateway "$1" ip -o link show dev "$2" | grep -o 'link/ether [0-9a-f:]*'
}

net=twin
new_network "$net"
new_namespace "$net.management"
connect "$net.gateway" mgmt "$net.management" eth0
on_gateway "$net" ip address add 192.0.2.1/24 dev mgmt
in_namespace "$net.management" ip address add 192.0.2.254/24 dev eth0
start_server "$net"
# The own address outside is the pool's as well.
start_sluice "$net" --lan-twin sl1 --wan-twin sl0 --twin-ports 22
for pair in sl1:lan sl0:wan; do
    [[ $(mac_of "$net" "${pair%:*}") == "$(mac_of "$net" "${pair#*:}")" ]] ||
        fail "${pair%:*} has another MAC than ${pair#*:}"
done
on_gateway "$net" ip address show dev sl0 | grep -q "inet $public_address/24" ||
    fail "sl0 has not the gateway's address"
start_in "$net.gateway" "$python" "$here/echo_server.py" 22 >"$work/echo.log"
wait_for 10 "the echo server" grep -q listening "$work/echo.log"

# The way back to a server beyond the router is the operator's to give.
on_gateway "$net" ip route add "$server_address" via "$next_hop" dev sl0
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "forwarding is broken"
echo_through "$net.server" "$public_address" 22
echo_through "$net.client" "$lan_gateway" 22
pass "TCP to the gateway itself, from outside and from inside"

from_client "$net" ping -c 2 -i 0.2 -W 5 "$lan_gateway" >/dev/null || fail "ping inside"
from_client "$net" ping -c 1 -W 5 -s 3000 "$lan_gateway" >/dev/null || fail "a large ping inside"
from_server "$net" ping -c 2 -i 0.2 -W 5 "$public_address" >/dev/null || fail "ping outside"
(($(counter "$net" echo_replies) == 0)) || fail "sluice has answered pings that are the kernel's"
pass "the kernel answers pings"

seen=$(on_gateway "$net" curl --silent --fail --max-time 10 "http://$server_address/whoami")
[[ $seen == "$public_address":* ]] || fail "HTTP from the gateway: $seen"
seen=$(on_gateway "$net" "$python" "$here/udp_client.py" "$public_address" "$server_address" 53)
[[ $seen == "$public_address":* ]] || fail "UDP from the gateway: $seen"
on_gateway "$net" ping -c 1 -W 5 "$server_address" >/dev/null || fail "ping from the gateway"
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "forwarding is broken afterwards"
pass "HTTP, UDP and ping from the gateway itself, by an address that flows have too"

# From here on the kernel's way to the world is another interface.
on_gateway "$net" ip route del "$server_address" via "$next_hop" dev sl0
on_gateway "$net" ip route add default via 192.0.2.254 dev mgmt
start_capture "$net.management" eth0 "$work/management.pcap"
start_capture "$net.server" eth0 "$work/outside.pcap"
before=$(counter "$net" invalid_untracked_fin)
send_stray "$net" 0
send_stray "$net" 1
wait_for 5 "the FIN dropped" counter_reaches "$net" invalid_untracked_fin $((before + 1))
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "forwarding is broken"
[[ $(seen_by_udp "$net") == "$public_address":* ]] || fail "forwarding is broken"
send_packet "$net.server" --tcp --flags ack --source-port 80 --dest-port 22 "$public_address"
mark "$net" "$work/outside.pcap"
assert_no_leak "$work/outside.pcap"
on_gateway "$net" ping -c 1 -W 5 192.0.2.254 >/dev/null || fail "ping by the other interface"
wait_for 5 "the last packet there" has_more 0 "$work/management.pcap" icmp
leaked=$(captured_count "$work/management.pcap" \
    "net 10.1.0.0/24 or host $server_address and not src host $public_address")
((leaked == 0)) || fail "$leaked packets of others came out by the kernel's other interface"
pass "nothing of the client's comes out by the kernel, and no stray FIN at all"

# What the kernel is made to send as somebody else does not leave.
before=$(counter "$net" twin_source)
on_gateway "$net" ip address add 10.1.0.99/32 dev lo
on_gateway "$net" ip route add "$server_address" via "$next_hop" dev sl0
on_gateway "$net" ping -c 1 -W 1 -I 10.1.0.99 "$server_address" >/dev/null 2>&1 || true
wait_for 5 "twin_source" counter_reaches "$net" twin_source $((before + 1))
mark "$net" "$work/outside.pcap"
assert_no_leak "$work/outside.pcap"
pass "the kernel sends as nobody else"

# The kernel loses its address while packets for it arrive, as when a DHCP client begins anew.
on_gateway "$net" ip address del "$public_address/24" dev sl0
before=$(counter "$net" to_twin)
count=$(captured_count "$work/management.pcap" icmp)
send_packet "$net.server" --tcp --flags syn --source-port 999 --dest-port 22 "$public_address"
wait_for 5 "the packet for the kernel" counter_reaches "$net" to_twin $((before + 1))
on_gateway "$net" ping -c 1 -W 5 192.0.2.254 >/dev/null || fail "ping by the other interface"
wait_for 5 "the last packet there" has_more "$count" "$work/management.pcap" icmp
(($(captured_count "$work/management.pcap" tcp) == 0)) ||
    fail "the kernel has forwarded what was for the gateway"
pass "what is for an address that the kernel has lost goes no further"
assert_accounts "$net"
stop_sluice "$net"
! on_gateway "$net" ip link show dev sl0 >/dev/null 2>&1 || fail "sl0 outlives sluice"
pass "the twins are gone with sluice"

# Without --twin-ports a port is the kernel's where it listens.
net=ports
new_network "$net"
start_in "$net.gateway" "$python" "$here/echo_server.py" 7007 >"$work/ports.log"
wait_for 10 "the echo server" grep -q listening "$work/ports.log"
start_sluice "$net" --wan-twin sl0
on_gateway "$net" ip route add "$server_address" via "$next_hop" dev sl0
echo_through "$net.server" "$public_address" 7007
assert_accounts "$net"
stop_sluice "$net"
pass "what listens on the machine is reached without a word of its port"

# Three twins: of the inside port, of a VLAN beside it, whose hosts are behind a switch that knows
# its tag, and of the outside one.
#
#    NET.client 10.1.0.10 ─────────────────────── lan  (sl1)  ┐
#                                                             ├ NET.gateway ─ (sl0) wan ─ NET.server
#    NET.other  10.2.0.10 ─ NET.switch ─ VLAN 10 ─ lan2 (sl10) ┘
net=several
new_network "$net"
for name in other switch; do new_namespace "$net.$name"; done
connect "$net.gateway" lan2 "$net.switch" trunk
connect "$net.other" eth0 "$net.switch" access
start_in "$net.switch" "$python" "$here/vlan_switch.py" trunk access=10 >"$work/switch.log" 2>&1
wait_for 10 "the switch" grep -q '^switching' "$work/switch.log"
in_namespace "$net.other" ip address add 10.2.0.10/24 dev eth0
in_namespace "$net.other" ip route add default via 10.2.0.1
start_server "$net"
start_in "$net.gateway" "$python" "$here/echo_server.py" 7007 >"$work/several.log"
wait_for 10 "the echo server" grep -q listening "$work/several.log"
start_sluice "$net" --lan-twin sl1 --wan-twin sl0 \
    --lan af_packet:lan2,vlan=10,twin=sl10 --lan-address 10.2.0.1/24
for twin in sl1:lan:10.1.0.1 sl10:lan2:10.2.0.1 "sl0:wan:$public_address"; do
    IFS=: read -r name port address <<<"$twin"
    [[ $(mac_of "$net" "$name") == "$(mac_of "$net" "$port")" ]] ||
        fail "$name has another MAC than $port"
    on_gateway "$net" ip address show dev "$name" | grep -q "inet $address/24" ||
        fail "$name has not the address $address"
done
on_gateway "$net" ip route add "$server_address" via "$next_hop" dev sl0
before=$(counter "$net" to_twin)
for from in client:10.1.0.1 other:10.2.0.1 "server:$public_address"; do
    echo_through "$net.${from%:*}" "${from#*:}" 7007
    after=$(counter "$net" to_twin)
    ((after > before)) || fail "what ${from%:*} was answered did not go by a twin"
    before=$after
done
pass "each of several twins, one of them on a VLAN, is reached by its own address"

# seen_from NAMESPACE PORT: as the server sees an HTTP client there with that port.
seen_from() {
    in_namespace "$1" curl --silent --show-error --fail --max-time 10 --local-port "$2" \
        "http://$server_address/whoami"
}

# The port on which the kernel listens is no flow's, from either network; any other is.
for name in client other; do
    seen=$(seen_from "$net.$name" 7007) || fail "forwarding from $name is broken"
    [[ $seen == "$public_address":* && $seen != *:7007 ]] ||
        fail "a flow from $name has the kernel's port: $seen"
done
seen=$(seen_from "$net.other" 7008) || fail "forwarding is broken"
[[ $seen == "$public_address:7008" ]] || fail "a flow has not the port that is nobody's: $seen"
echo_through "$net.server" "$public_address" 7007
pass "the kernel's port is given to no flow of either network"
assert_accounts "$net"
stop_sluice "$net"
for name in sl0 sl1 sl10; do
    ! on_gateway "$net" ip link show dev "$name" >/dev/null 2>&1 || fail "$name outlives sluice"
done
pass "all twins are gone with sluice"

for applet in udhcpc udhcpd; do
    busybox --list 2>/dev/null | grep -qx "$applet" ||
        skip "busybox has no $applet, or is not installed; the rest has passed"
done
net=lease
new_network "$net"
start_sluice "$net" --wan-twin sl0
cat >"$work/udhcpd.conf" <<CONF
interface eth0
start $public_address
end $public_address
static_lease $(mac_of "$net" wan | cut -d" " -f2) $public_address
lease_file $work/udhcpd.leases
pidfile $work/udhcpd.pid
option subnet 255.255.255.0
option router $next_hop
CONF
touch "$work/udhcpd.leases"
start_in "$net.server" busybox udhcpd -f "$work/udhcpd.conf" >"$work/udhcpd.log" 2>&1
cat >"$work/bound" <<SCRIPT
#!/bin/sh
[ "\$1" != bound ] || echo "\$ip \$router" >"$work/bound.lease"
SCRIPT
chmod +x "$work/bound"
start_in "$net.gateway" busybox udhcpc -f -i sl0 -t 20 -T 1 -A 1 -s "$work/bound" \
    >"$work/udhcpc.log" 2>&1
wait_for 30 "a lease ($(cat "$work/udhcpc.log"))" test -s "$work/bound.lease"
[[ $(cat "$work/bound.lease") == "$public_address $next_hop" ]] ||
    fail "the lease is $(cat "$work/bound.lease")"
pass "a DHCP client on the twin has its lease"
assert_accounts "$net"
stop_sluice "$net"
