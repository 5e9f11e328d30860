#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The gateway's kernel forwards too, and has another interface with a default route, as where Docker
# or libvirt run beside sluice: it sends none of the clients' packets. The network is drawn in
# network.sh; `elsewhere` is behind the other interface.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

type -P nft >/dev/null || skip "nft is not installed"

# network_with_another_way NET
network_with_another_way() {
    new_network "$1"
    new_namespace "$1.elsewhere"
    connect "$1.gateway" other "$1.elsewhere" eth0
    in_namespace "$1.gateway" ip address add 192.0.2.1/24 dev other
    in_namespace "$1.elsewhere" ip address add 192.0.2.2/24 dev eth0
    in_namespace "$1.gateway" ip route add default via 192.0.2.2
    in_namespace "$1.gateway" sysctl --quiet --write net.ipv4.ip_forward=1 \
        net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.other.rp_filter=0
}

# tables NET: of nftables in the gateway.
tables() {
    in_namespace "$1.gateway" nft list tables
}

has_no_tables() {
    [[ -z $(tables "$1") ]]
}

# has_leak NET: a packet of the client's goes the other way. Without sluice it must, or the test
# could not fail.
has_leak() {
    from_client "$1" ping -q -c 1 -W 1 "$server_address" >/dev/null 2>&1 || true
    (($(captured_count "$work/$1.pcap" net 10.1.0.0/24) > 0))
}

# assert_alone NET: ping and HTTP work, each ping has one answer, and nothing goes the other way.
assert_alone() {
    from_client "$1" ping -c 3 -i 0.2 -W 5 "$server_address" >"$work/ping" ||
        fail "ping: $(cat "$work/ping")"
    ! grep --quiet DUP "$work/ping" || fail "two answers: $(cat "$work/ping")"
    [[ $(seen_by_http "$1") == "$public_address":* ]] || fail "HTTP"
    # What is sent the other way now comes behind all that went there before.
    local before
    before=$(captured_count "$work/$1.pcap" icmp)
    in_namespace "$1.gateway" ping -q -c 1 -W 5 192.0.2.2 >/dev/null
    wait_for 5 "the marker on the other way" has_more "$before" "$work/$1.pcap" icmp
    (($(captured_count "$work/$1.pcap" net 10.1.0.0/24) == 0)) ||
        fail "left by the kernel: $(captured "$work/$1.pcap" net 10.1.0.0/24 | head -n 2)"
}

network_with_another_way kernel
start_server kernel
start_sluice kernel
start_capture kernel.elsewhere eth0 "$work/kernel.pcap"
assert_alone kernel
pass "a forwarding kernel with another default route sends nothing of the clients'"

in_namespace kernel.gateway nft flush ruleset
in_namespace kernel.gateway sysctl --quiet --write net.ipv4.ip_forward=0
in_namespace kernel.gateway sysctl --quiet --write net.ipv4.ip_forward=1
assert_alone kernel
pass "also after the rules are flushed and forwarding is switched on again"

in_namespace kernel.gateway ip address add 198.51.100.1/24 dev wan
in_namespace kernel.gateway ip address add 10.1.0.1/24 dev lan
assert_alone kernel
pass "a forgotten address on the ports does no harm"
in_namespace kernel.gateway ip address del 198.51.100.1/24 dev wan
in_namespace kernel.gateway ip address del 10.1.0.1/24 dev lan

end "${sluice_pid[kernel]}" KILL || true
wait_for 5 "the rules to be gone" has_no_tables kernel
wait_for 10 "the kernel to forward again" has_leak kernel
pass "the rules are gone with the process, also when it is killed"

network_with_another_way xdp
finish_frames xdp.client eth0
finish_frames xdp.server eth0
start_server xdp
usual_ports=("${port_flags[@]}")
port_flags=(--lan af_xdp:lan --wan af_xdp:wan)
start_sluice xdp
start_capture xdp.elsewhere eth0 "$work/xdp.pcap"
assert_alone xdp
stop_sluice xdp
wait_for 10 "the kernel to forward again" has_leak xdp
port_flags=("${usual_ports[@]}")
pass "nor does it beside af_xdp ports"

# The kernel's VLANs on the same interface, and its IPv6, stay its own.
network_with_another_way own
start_sluice own
# own_end NAMESPACE INTERFACE LAST: addresses of the kernel's own; on a VLAN, if it can.
own_end() {
    in_namespace "$1" sysctl --quiet --write "net.ipv6.conf.$2.disable_ipv6=0"
    in_namespace "$1" ip address add "fd00::$3/64" dev "$2" nodad
    in_namespace "$1" ip link add link "$2" name tagged type vlan id 7 2>/dev/null || return 0
    in_namespace "$1" ip link set dev tagged up
    in_namespace "$1" ip address add "10.7.0.$3/24" dev tagged
}
own_end own.client eth0 1
own_end own.gateway lan 2
from_client own ping -q -c 1 -W 5 fd00::2 >/dev/null || fail "the kernel's IPv6 is cut off"
pass "IPv6 stays the kernel's"
if in_namespace own.client ip link show dev tagged >/dev/null 2>&1; then
    from_client own ping -q -c 1 -W 5 10.7.0.2 >/dev/null || fail "its VLAN is cut off"
    pass "a VLAN of its own stays the kernel's"
fi
stop_sluice own

status=0
in_namespace own.gateway timeout 20 setpriv --bounding-set -net_admin -- "$sluice" \
    "${port_flags[@]}" "${address_flags[@]}" "${memory_flags[@]}" \
    --control-socket "$work/own.sock" >"$work/out" 2>"$work/err" || status=$?
((status != 0 && status != 124)) || fail "starts beside a forwarding kernel without a rule"
grep --quiet 'net.ipv4.conf.lan.forwarding=0' "$work/err" || fail "$(cat "$work/err")"
pass "$(cat "$work/err")"
