#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --accounting: packets and bytes of flows, in the lines that conntrack -L and conntrack -E print
# for the same exchange through Linux with nf_conntrack_acct=1. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

type -P conntrack nping >/dev/null || { echo "SKIP: conntrack or nping is not installed"; exit 77; }

# The same exchanges through either gateway: UDP there and back, in fragments too, and to a closed
# port, which an ICMP error answers; a refused and an accepted TCP connection; pings, in fragments
# too; a packet without an answer.
exchanges() {
    # Then who is next is known.
    wait_for 10 "an answer" from_client "$1" ping -q -c 1 -W 1 -e 6 "$server_address" >/dev/null
    from_client "$1" "$python" "$here/udp_client.py" "$client_address" "$server_address" 53 40001 \
        >/dev/null || fail "UDP ($1)"
    from_client "$1" "$python" "$here/udp_client.py" "$client_address" "$server_address" 53 40002 \
        7000 >/dev/null || fail "UDP in fragments ($1)"
    send_packet "$1.client" --udp --source-port 40003 --dest-port 9 --data-length 100 \
        "$server_address"
    send_packet "$1.client" --udp --source-port 40004 --dest-port 9 --data-length 30 198.51.100.77
    from_client "$1" ping -q -c 3 -i 0.2 -W 5 -e 7 "$server_address" >/dev/null || fail "ping ($1)"
    from_client "$1" ping -q -c 2 -i 0.2 -W 5 -e 8 -s 5000 "$server_address" >/dev/null ||
        fail "ping in fragments ($1)"
    ! from_client "$1" curl --silent --max-time 10 --local-port 40005 \
        "http://$server_address:81/" || fail "somebody listens on port 81 ($1)"
    start_in "$1.client" "$python" "$here/hold_connections.py" 1 "$server_address" 80 40006 \
        >"$work/$1.hold"
    wait_for 10 "a connection" grep --quiet open "$work/$1.hold"
}

# But for the flows that only tell whether anybody answers, or listens.
of_exchanges() {
    grep --invert-match --regexp ' id=6 ' --regexp 'dst=198.51.100.78 '
}
# Timeouts differ by what has passed, and Linux counts who holds the flow.
comparable() {
    of_exchanges | sed -E 's/^([a-z]+ +[0-9]+) [0-9]+ /\1 T /; s/ use=[0-9]+ *$/ use=U/' | sort
}
# Linux says how long a flow that was deleted would have lived, and who has deleted it.
ends() {
    grep '^\[DESTROY\]' | of_exchanges |
        sed -E 's/^(\[DESTROY\] [a-z]+ +[0-9]+) [0-9]+ /\1 /; s/ *(\[USERSPACE\].*)?$//' | sort
}
# ends_reach FILE COUNT
ends_reach() {
    (($(ends <"$1" | wc -l) >= $2))
}
# hears NET: whoever follows its events has heard one.
hears() {
    send_packet "$1.client" --udp --source-port $((20000 + RANDOM % 10000)) --dest-port 9 \
        198.51.100.78
    [[ -s $work/$1.events ]]
}

# The client has its connection before a gateway has seen the last segment of the handshake.
is_established() {
    ctl sluice flows | grep 'ESTABLISHED .*sport=40006 .*\[ASSURED\]' >/dev/null
}

new_network linux
linux_gateway linux
# Linux's flows are there still when sluice's exchanges are over, however slow the machine is.
in_namespace linux.gateway sysctl --quiet --write net.netfilter.nf_conntrack_acct=1 \
    net.netfilter.nf_conntrack_udp_timeout=600 net.netfilter.nf_conntrack_icmp_timeout=600
new_network sluice
start_sluice sluice --workers 2 --accounting --timeout-udp 600 --timeout-icmp 600
# Linux tells of flows that have opened since somebody listens.
start_in linux.gateway conntrack -E >"$work/linux.events" 2>/dev/null
start_in sluice.gateway "$sluicectl" --socket "$work/sluice.sock" events >"$work/sluice.events" \
    2>/dev/null
for net in linux sluice; do
    start_server "$net"
    wait_for 10 "the first event ($net)" hears "$net"
    exchanges "$net"
done
wait_for 10 "the end of the handshake" is_established

in_namespace linux.gateway conntrack -L 2>/dev/null | comparable >"$work/conntrack"
ctl sluice flows | comparable >"$work/flows"
(($(wc -l <"$work/conntrack") >= 7)) || fail "conntrack has few flows: $(cat "$work/conntrack")"
diff -u "$work/conntrack" "$work/flows" || fail "flows are not counted as conntrack counts them"
pass "sluicectl flows counts packets and bytes as conntrack -L does"

ctl sluice flows --json | "$python" -c '
import json, sys
[flow] = [f for f in json.load(sys.stdin) if f["original"].get("sport") == 40001]
assert flow["original"]["packets"] == flow["reply"]["packets"] == 1, flow
assert flow["original"]["bytes"] == 20 + 8 + len("who am I?"), flow' || fail "flows --json"
pass "JSON has them too"

# The refused connection has ended by itself, the others are deleted.
in_namespace linux.gateway conntrack -D --orig-src "$client_address" >/dev/null 2>&1 ||
    fail "conntrack -D"
ctl sluice flows --delete --all >/dev/null
count=$(($(wc -l <"$work/flows") + 1))
for net in linux sluice; do
    wait_for 10 "$count ends ($net)" ends_reach "$work/$net.events" "$count"
    ends <"$work/$net.events" >"$work/$net.ends"
done
grep --quiet 'sport=40006 dport=80 packets=[1-9]' "$work/sluice.ends" ||
    fail "no counts: $(cat "$work/sluice.ends")"
diff -u "$work/linux.ends" "$work/sluice.ends" ||
    fail "ends are not told as conntrack -E tells them"
pass "the end of a flow says its packets and bytes, as conntrack -E does"

assert_accounts sluice
stop_sluice sluice
pass "the account"
