#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What machines do to interfaces while sluice runs on them: no carrier, deleted and made anew,
# another MTU, another hardware address; and frames that come while nobody polls. The network is
# drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

is_reached() {
    from_client "$1" ping -q -c 1 -W 1 "$server_address" >/dev/null
}

# says NET TEXT [COUNT]: sluice has said it so often.
says() {
    (($(grep --count --fixed-strings -e "$2" "$work/$1.out") >= ${3:-1}))
}

# port NET PORT FIELD: of what sluicectl says of a port.
port() {
    ctl "$1" stats --json | "$python" -c '
import json, sys
ports = {port["port"]: port for port in json.load(sys.stdin)["ports"]}
port = ports[sys.argv[1]]
print(int({**port, **port["lost"]}[sys.argv[2]]))' "$2" "$3"
}

# link_of NET INTERFACE KEY...: what the gateway's kernel says of an interface.
link_of() {
    in_namespace "$1.gateway" ip -statistics -json link show dev "$2" | "$python" -c '
import functools, json, sys
link = json.load(sys.stdin)[0]
print(functools.reduce(lambda part, key: part[key], sys.argv[1:], link))' "${@:3}"
}

# The kernel tells of a carrier once a second, so a second one of the same second comes late.
new_network life
for state in down up; do in_namespace life.gateway ip link set dev wan "$state"; done
start_sluice life
! grep 'has no link' "$work/life.out" || fail "a link that is about to be told of is called dead"
from_client life ping -q -c 1 -W 5 "$server_address" >/dev/null || fail "no answer at once"
stop_sluice life
pass "a start waits for the kernel's word of a link that is there"

in_namespace life.gateway ip link set dev wan down
start_sluice life
says life "--wan af_packet:wan has no link" ||
    fail "a dead link is not named: $(cat "$work/life.out")"
(($(port life wan link) == 0)) || fail "a dead link counts as up"
in_namespace life.gateway ip link set dev wan up
wait_for 10 "the link" is_reached life
says life "--wan af_packet:wan has its link again" || fail "the link came unsaid"
pass "a link that is down at the start is named, and taken when it comes"

start_server life
in_namespace life.server ip link set dev eth0 down
wait_for 5 "the lost link to be noticed" says life "--wan af_packet:wan has lost its link"
# forwarded: what was transmitted and not made here.
forwarded() {
    echo "$(($(counter life transmitted) - $(counter life icmp_errors) - $(counter life arp_sent)))"
}
before=$(forwarded)
from_client life ping -c 5 -i 0.1 -W 1 "$server_address" >"$work/ping" && fail "ping is answered"
grep --quiet "$lan_gateway icmp_seq=.* Destination Host Unreachable" "$work/ping" ||
    fail "the client is not told: $(cat "$work/ping")"
(($(counter life link_down) >= 5)) || fail "link_down: $(counter life link_down)"
sent=$(($(forwarded) - before))
((sent <= 2)) || fail "$sent packets counted as transmitted" # one may have been on its way
pass "no carrier: link_down, and the client is told"

in_namespace life.server ip link set dev eth0 up
in_namespace life.server ip address replace "$server_address/32" dev lo
start_capture life.server eth0 "$work/stale.pcap" icmp
wait_for 10 "the link" is_reached life
# Of a single ping the number is 1; of those that met the dead link there were five.
stale=$(captured "$work/stale.pcap" 'icmp[0] == 8' | grep -E 'seq [2-5],' || true)
[[ -z $stale ]] || fail "packets of before came out: $stale"
pass "nothing stale comes out when the link is back"

mac=$(link_of life wan address)
in_namespace life.gateway ip link set dev wan down
in_namespace life.gateway ip link set dev wan address 02:00:00:00:00:99
in_namespace life.gateway ip link set dev wan up
wait_for 10 "traffic under another hardware address" is_reached life
pass "another hardware address: the port keeps its own"

# packet_sockets: the gateway's, beside which its namespace has none.
packet_sockets() {
    in_namespace life.gateway sed 1d /proc/net/packet | wc -l
}
has_packet_sockets() {
    (($(packet_sockets) == $1))
}

sockets=$(packet_sockets)
((sockets > 0)) || fail "no packet sockets"
in_namespace life.gateway ip link delete dev wan
wait_for 5 "the loss to be noticed" says life "--wan af_packet:wan is gone"
connect life.gateway wan life.server eth0
in_namespace life.server ip address add 198.51.100.254/24 dev eth0
in_namespace life.server ip neighbour replace "$public_address" lladdr "$mac" dev eth0
wait_for 10 "the new interface" is_reached life
says life "--wan af_packet:wan is there again" || fail "the new interface came unsaid"
in_namespace life.gateway nft list tables 2>/dev/null | grep --quiet sluice-wan ||
    fail "the new interface is left to the kernel"
wait_for 10 "the sockets of before to be closed" has_packet_sockets "$sockets"
pass "deleted and made anew: taken again, under the hardware address of before"

in_namespace life.gateway ip link set dev wan mtu 1400
wait_for 5 "the MTU to be noticed" says life "--wan af_packet:wan has an MTU of 1400 now"
from_client life ping -c 1 -W 1 -M "do" -s 1472 "$server_address" >"$work/ping" 2>&1 &&
    fail "a packet above the MTU is answered"
grep --quiet 'mtu = 1400' "$work/ping" || fail "the client is not told: $(cat "$work/ping")"
in_namespace life.server ip link set dev eth0 mtu 1400 # its answers are to arrive
from_client life ping -q -c 1 -W 5 -s 1472 "$server_address" >/dev/null || fail "in fragments"
pass "a lower MTU is followed"

# Frames arrive while sluice stands still: all are received later, or counted as lost.
# On both sides: the server answers some by ICMP.
arrived() {
    echo "$(($(link_of life lan stats64 rx packets) + $(link_of life wan stats64 rx packets)))"
}
received() {
    echo "$(($(counter life received) + $(port life lan rx_missed) + $(port life wan rx_missed)))"
}
accounted() {
    (($(received) - received_before == $(arrived) - arrived_before))
}
wait_for 10 "quiet" accounts life
received_before=$(received)
arrived_before=$(arrived)
kill -STOP "${sluice_pid[life]}"
in_namespace life.client "$python" -c "
import socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(30000):
    sender.sendto(b'x', ('$server_address', 9))"
kill -CONT "${sluice_pid[life]}"
wait_for 20 "all frames to be accounted for" accounted
(($(port life lan rx_missed) > 0)) || fail "none was missed"
assert_accounts life
stop_sluice life
pass "30000 frames in a standstill: $(($(arrived) - arrived_before)) received or counted as missed"

# Jumbo frames, as large as a port takes them. All four ends have room for them.
new_network jumbo
for end in client:eth0 gateway:lan gateway:wan server:eth0; do
    in_namespace "jumbo.${end%:*}" ip link set dev "${end#*:}" mtu 9216
done
head --bytes=10M /dev/urandom >"$work/file"
start_server jumbo
start_sluice jumbo --mtu 9216
from_client jumbo ping -q -c 2 -i 0.2 -W 5 -M "do" -s 9188 "$server_address" >"$work/ping" ||
    fail "a packet of 9216 bytes is not answered: $(cat "$work/ping")"
(($(counter jumbo fragments) == 0)) || fail "it was cut"
download jumbo 20
upload jumbo 20
for reason in truncated transport_checksum ip_length; do
    (($(counter jumbo "$reason") == 0)) || fail "$reason: $(counter jumbo "$reason")"
done
(($(port jumbo lan mtu) == 9216)) || fail "another MTU: $(port jumbo lan mtu)"
assert_accounts jumbo
stop_sluice jumbo
pass "packets of 9216 bytes pass whole, both ways"

start_sluice jumbo --mtu 8000 # less than the interfaces have
from_client jumbo ping -c 1 -W 1 -M "do" -s 9188 "$server_address" >"$work/ping" 2>&1 &&
    fail "a packet above --mtu is answered"
grep --quiet 'mtu = 8000' "$work/ping" || fail "the client is not told: $(cat "$work/ping")"
stop_sluice jumbo
pass "--mtu below the interface's is what the gateway says"
