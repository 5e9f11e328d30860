# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The network of the demo and of the smoke tests, with either gateway in its middle:
#
#      NET.client                   NET.gateway                     NET.server
#   ┌──────────────┐   veth   ┌────────────────────┐   veth   ┌─────────────────────┐
#   │ eth0         ├──────────┤ lan            wan ├──────────┤ eth0      lo        │
#   │ 10.1.0.10/24 │          │ 10.1.0.1           │          │ 198.51.100.254/24   │
#   │        … .29 │          │       198.51.100.1 │          │ 203.0.113.10        │
#   └──────────────┘          └────────────────────┘          └─────────────────────┘
#      inside, private           Linux or sluice                 outside, public
#
# With sluice the gateway's kernel has no address on either side.

client_address=10.1.0.10
server_address=203.0.113.10
# shellcheck disable=SC2034  # for those who source this file
{
    lan_gateway=10.1.0.1
    next_hop=198.51.100.254
    public_address=198.51.100.1
}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
python=/usr/bin/python3

((EUID == 0)) || { echo "SKIP: network namespaces need root"; exit 77; }
for tool in nsenter unshare setpriv ip ethtool sysctl tcpdump; do
    type -P "$tool" >/dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done
# shellcheck source=tests/smoke/processes.sh
source "$here/processes.sh"

# new_network NET: three namespaces, two cables, addresses at both ends, nothing in the middle.
new_network() {
    new_namespace "$1.client"
    new_namespace "$1.gateway"
    new_namespace "$1.server"
    connect "$1.client" eth0 "$1.gateway" lan
    connect "$1.gateway" wan "$1.server" eth0
    add_addresses "$1"
}

# add_addresses NET: at both ends, whose eth0 is there and up.
add_addresses() {
    local last
    for last in {10..29}; do
        in_namespace "$1.client" ip address add "10.1.0.$last/24" dev eth0
    done
    in_namespace "$1.client" ip route add default via 10.1.0.1 src "$client_address"
    in_namespace "$1.server" ip address add 198.51.100.254/24 dev eth0
    in_namespace "$1.server" ip address add "$server_address/32" dev lo
}

# linux_gateway NET: what sluice takes the place of.
linux_gateway() {
    in_namespace "$1.gateway" ip address add 10.1.0.1/24 dev lan
    in_namespace "$1.gateway" ip address add 198.51.100.1/24 dev wan
    in_namespace "$1.gateway" ip route add default via 198.51.100.254
    in_namespace "$1.gateway" sysctl --quiet --write net.ipv4.ip_forward=1
    in_namespace "$1.gateway" nft -f - <<'RULES'
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "wan" masquerade
    }
}
RULES
}

# start_server NET: HTTP on port 80 and UDP on port 53, which tell a client how they see it, and
# /file, which $work/file is.
start_server() {
    start_in "$1.server" "$python" "$here/server.py" "$work" >"$work/$1.server.log" 2>&1
    wait_for 10 "the server of $1" grep -q '^listening' "$work/$1.server.log"
}

# from_client NET COMMAND..., from_server NET COMMAND...
from_client() {
    local net=$1
    shift
    in_namespace "$net.client" "$@"
}

from_server() {
    local net=$1
    shift
    in_namespace "$net.server" "$@"
}

# seen_by_http NET [LOCAL ADDRESS], seen_by_udp likewise: ADDRESS:PORT of the client as the server
# sees it.
seen_by_http() {
    from_client "$1" curl --silent --show-error --fail --max-time 10 \
        --interface "${2:-$client_address}" "http://$server_address/whoami"
}

seen_by_udp() {
    from_client "$1" "$python" "$here/udp_client.py" "${2:-$client_address}" "$server_address" 53
}

# download NET SECONDS [HOST]: the client gets /file from there in that time, as $work/file is.
download() {
    from_client "$1" curl --silent --show-error --fail --max-time "$2" --output "$work/copy" \
        "http://${3:-$server_address}/file" || fail "$1: the download fails"
    cmp "$work/file" "$work/copy" || fail "$1: the file arrived changed"
}

# upload NET SECONDS: the server gets the file likewise.
upload() {
    local sum
    sum=$(from_client "$1" curl --silent --show-error --fail --max-time "$2" \
        --data-binary "@$work/file" "http://$server_address/sum") || fail "$1: the upload fails"
    [[ "$sum  -" == "$(sha256sum <"$work/file")" ]] || fail "$1: the file arrived changed: $sum"
}

# run_iperf3 NAMESPACE NAMESPACE FLAG...: a server in the first, with $iperf3_flags, and a client in
# the second, which says to $work/iperf3 what it has measured. The server has ended on return, so
# its port is free.
iperf3_flags=()
run_iperf3() {
    local at=$1 from=$2 server status=0
    shift 2
    start_in "$at" iperf3 --server --one-off "${iperf3_flags[@]}" >"$work/iperf3.server"
    server=$started_pid
    wait_for 5 "the iperf3 server" in_namespace "$at" sh -c 'ss -Hltn sport = 5201 | grep -q .'
    in_namespace "$from" timeout 30 iperf3 "$@" >"$work/iperf3" 2>"$work/iperf3.err" || status=$?
    end "$server" KILL || true
    ((status == 0)) || fail "iperf3 $*: $(cat "$work/iperf3" "$work/iperf3.err")"
}

# hardware_address NAMESPACE INTERFACE
hardware_address() {
    in_namespace "$1" ip -json link show "$2" |
        "$python" -c 'import json, sys; print(json.load(sys.stdin)[0]["address"])'
}

# send_packet NAMESPACE FLAG...: one packet of any form, by nping. On a busy machine nping may end
# before it has sent it, and says so.
send_packet() {
    local name=$1
    shift
    for _ in {1..20}; do
        in_namespace "$name" nping --count 1 --no-capture "$@" >"$work/nping" 2>&1 ||
            fail "nping $*: $(cat "$work/nping")"
        ! grep --quiet 'packets sent: 1 ' "$work/nping" || return 0
    done
    fail "nping $* sends nothing: $(cat "$work/nping")"
}

# mark NET CAPTURE: returns when a packet sent now is in the capture, and so all before it.
mark() {
    local before seen
    before=$(captured_count "$2" udp dst port 53)
    seen=$(seen_by_udp "$1") || fail "the marker went unanswered"
    wait_for 5 "the marker of $1 ($seen)" has_more "$before" "$2" udp dst port 53
}

# has_more COUNT CAPTURE FILTER...
has_more() {
    local count=$1
    shift
    (($(captured_count "$@") > count))
}
