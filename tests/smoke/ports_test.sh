#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Ports of every kind that a machine without a NIC to spare can have: traffic through those that the
# kernel has an end of, and the others opened and closed. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

[[ $(stat --file-system --format %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
state_dir=$(mktemp --directory /dev/shm/sluice.XXXXXX)
trap 'remove_all; rm -rf "$state_dir"' EXIT

has_packets() {
    (($(captured_count "$1") > 0))
}

assert_forwards() {
    from_client "$1" ping -q -c 2 -i 0.2 -W 5 "$server_address" >"$work/ping" ||
        fail "ping: $(cat "$work/ping")"
    [[ $(seen_by_http "$1") == "$public_address":* ]] || fail "HTTP"
    [[ $(seen_by_udp "$1") == "$public_address":* ]] || fail "UDP"
}

new_network xdp
finish_frames xdp.client eth0
finish_frames xdp.server eth0
start_server xdp
port_flags=(--lan af_xdp:lan --wan af_xdp:wan)
start_sluice xdp --on-lost-port stay
assert_forwards xdp
assert_accounts xdp
pass "af_xdp forwards"

# Its driver keeps to the interface that it has opened: one of the same name is another.
says_lost() {
    grep --quiet -e "^sluice: --wan af_xdp:wan: its interface has been deleted" "$work/xdp.out"
}
is_running() { in_namespace xdp.gateway ip link show dev wan | grep --quiet 'state UP'; }
lose_wan() {
    in_namespace xdp.gateway ip link delete dev wan
    wait_for 5 "the loss to be said" says_lost
}
make_wan_anew() {
    connect xdp.gateway wan xdp.server eth0
    in_namespace xdp.server ip address add 198.51.100.254/24 dev eth0
    finish_frames xdp.server eth0
    wait_for 5 "the new interface's link" is_running
}
lose_wan
make_wan_anew
# What is said of the other port shows that all have been looked at since.
in_namespace xdp.client ip link set dev eth0 down
wait_for 5 "a look at the ports" \
    grep --quiet '^sluice: --lan af_xdp:lan has lost its link' "$work/xdp.out"
health=$(curl --silent --max-time 5 --unix-socket "$work/xdp.sock" http://sluice/healthz || true)
[[ $health == *"wan has no link"* ]] ||
    fail "healthz says: $health"
! grep --quiet 'wan is there again\|wan has its link again' "$work/xdp.out" ||
    fail "a dead port is called alive"
stop_sluice xdp
in_namespace xdp.client ip link set dev eth0 up
in_namespace xdp.client ip route add default via 10.1.0.1 src "$client_address"
pass "af_xdp: with --on-lost-port stay an interface that is made anew has no link"

has_ended() { ! kill -0 "${sluice_pid[xdp]}" 2>/dev/null; }
start_sluice xdp --state "$state_dir/flows"
assert_forwards xdp
lose_wan
! has_ended || fail "it ends before there is another interface"
make_wan_anew
wait_for 10 "the end for the new interface" has_ended
status=0
end "${sluice_pid[xdp]}" 0 || status=$?
((status == 75)) || fail "it ends with $status: $(tail -n 5 "$work/xdp.err")"
grep --quiet '^sluice: --wan af_xdp:wan is there again for a process that starts anew' \
    "$work/xdp.out" || fail "it does not say why it ends: $(cat "$work/xdp.out")"
start_sluice xdp --state "$state_dir/flows"
(($(counter xdp flows_adopted) > 0)) || fail "the flows are lost"
assert_forwards xdp
stop_sluice xdp
pass "af_xdp: for an interface that is made anew it ends with 75, and the next start takes it"

start_on_taps tap
start_server tap
assert_forwards tap
assert_accounts tap
pass "tap forwards"

# errors PORT: frames that the device has counted as such.
errors() {
    ctl tap stats --json | "$python" -c '
import json, sys
print(next(port["lost"]["rx_errors"] for port in json.load(sys.stdin)["ports"]
           if port["port"] == sys.argv[1]))' "$1"
}
all_are_counted() {
    (($(errors lan) == 3))
}
(($(errors lan) == 0)) || fail "frames are damaged"
in_namespace tap.client ip link set dev eth0 mtu 9000
from_client tap ping -q -c 3 -i 0.2 -W 1 -M "do" -s 4000 "$server_address" >/dev/null 2>&1 &&
    fail "a frame above a tap's size is answered"
wait_for 5 "3 frames above a tap's size to be counted" all_are_counted
assert_accounts tap
stop_sluice tap
pass "what is above a tap's size is counted as rx_errors"

# A file of what arrived inside, while nobody answered: requests for the gateway's address.
new_network pcap
start_capture pcap.gateway lan "$work/rx.pcap" arp
from_client pcap ping -q -c 1 -W 1 "$lan_gateway" >/dev/null 2>&1 || true
wait_for 5 "an ARP request in the file" has_packets "$work/rx.pcap"
end "$capture_pid" INT || true
port_flags=(--lan "pcap:$work/rx.pcap,$work/lan.pcap" --wan "pcap:$work/rx.pcap,$work/wan.pcap")
start_sluice pcap
wait_for 5 "the requests to be answered" counter_reaches pcap arp_sent 1
stop_sluice pcap
captured "$work/lan.pcap" arp | grep "Reply $lan_gateway is-at" >/dev/null ||
    fail "no answer in the file: $(captured "$work/lan.pcap")"
pass "pcap files: read, and answered into another"

for ports in "memif:$work/lan.memif,role=server memif:$work/wan.memif,role=server" \
    "vdev:net_null0,no-rx=1 vdev:net_null1,no-rx=1"; do
    port_flags=(--lan "${ports% *}" --wan "${ports#* }")
    start_sluice pcap
    assert_accounts pcap
    stop_sluice pcap
    pass "${ports%%:*} opens and closes"
done

port_flags=(--lan "memif:$work/killed.memif,role=server" --wan "vdev:net_null0,no-rx=1")
start_sluice pcap
end "${sluice_pid[pcap]}" KILL || true
[[ -S $work/killed.memif ]] || fail "a killed memif server leaves no socket: nothing to be tested"
start_sluice pcap
stop_sluice pcap
pass "memif: the socket of a server that was killed is no hindrance"
