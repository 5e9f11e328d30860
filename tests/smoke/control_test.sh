#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What sluicectl and curl hear from the control socket. A flow's line is compared with the one that
# conntrack -L prints for the same exchange through Linux. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

# The same exchanges through either gateway: a UDP answer, a refused and an accepted TCP connection,
# a ping with a known identifier, a UDP packet without an answer.
exchanges() {
    from_client "$1" "$python" "$here/udp_client.py" "$client_address" "$server_address" 53 40001 \
        >/dev/null
    send_packet "$1.client" --tcp --flags syn --source-port 40002 --dest-port 80 198.51.100.77
    send_packet "$1.client" --udp --source-port 40003 --dest-port 9 198.51.100.77
    from_client "$1" ping -q -c 1 -W 5 -e 7 "$server_address" >/dev/null || fail "ping"
    start_in "$1.client" "$python" "$here/hold_connections.py" 1 "$server_address" 80 40004 \
        >"$work/$1.hold"
    wait_for 10 "a connection" grep --quiet open "$work/$1.hold"
}

# Timeouts differ by what has passed, and Linux counts who holds the flow (a packet that waits for a
# neighbour does); all else is to be the same.
comparable() {
    sed -E 's/^([a-z]+ +[0-9]+) [0-9]+ /\1 T /; s/ use=[0-9]+ *$/ use=U/' | sort
}

new_network linux
linux_gateway linux
start_server linux
exchanges linux
new_network sluice
start_server sluice
start_sluice sluice --workers 2
exchanges sluice

in_namespace linux.gateway conntrack -L 2>/dev/null | comparable >"$work/conntrack"
ctl sluice flows | comparable >"$work/flows"
diff -u "$work/conntrack" "$work/flows" || fail "flows are not listed as conntrack -L lists them"
pass "sluicectl flows prints what conntrack -L prints"

while read -r expected filter; do
    # shellcheck disable=SC2086  # several words, several arguments
    got=$(flow_count sluice $filter)
    [[ $got == "$expected" ]] || fail "flows --count $filter: $got"
    # shellcheck disable=SC2086
    listed=$(ctl sluice flows $filter | wc -l)
    [[ $listed == "$expected" ]] || fail "flows $filter: $listed lines"
done <<'ROWS'
5
5 --src 10.1.0.10
0 --src 10.1.0.11
2 --dst 198.51.100.77
1 --sport 40001
2 --dport 80
2 --proto tcp
2 --proto udp
1 --proto icmp
1 --state ESTABLISHED
1 --proto tcp --state SYN_SENT
ROWS
pass "filters"

api() {
    curl --silent --show-error --fail --unix-socket "$work/sluice.sock" "http://sluice$1"
}

is_json() {
    "$python" -c 'import json, sys; json.load(sys.stdin)'
}

ctl sluice flows --json | is_json || fail "flows --json"
ctl sluice stats --json | is_json || fail "stats --json"
api "/v1/stats?format=json" | is_json || fail "GET /v1/stats"
api "/v1/flows?format=json" | is_json || fail "GET /v1/flows"
[[ $(api /v1/flows | wc -l) == 5 ]] || fail "GET /v1/flows as text"
ctl sluice stats | grep received >/dev/null || fail "stats"
pass "JSON, from sluicectl and from curl"

api /metrics >"$work/metrics"
"$python" "$here/check_metrics.py" <"$work/metrics" || fail "the grammar of /metrics"
if type -P promtool >/dev/null; then
    promtool check metrics <"$work/metrics" || fail "promtool check metrics"
fi
pass "/metrics"

ctl sluice flows --delete --sport 40001 >/dev/null
(($(flow_count sluice) == 4)) || fail "a flow was to be deleted: $(ctl sluice flows)"
(($(counter sluice flows_deleted) == 1)) || fail "flows_deleted"
ctl sluice flows --delete --proto tcp >/dev/null
(($(flow_count sluice) == 2)) || fail "two flows were to be deleted: $(ctl sluice flows)"
pass "flows are deleted by filter"

[[ $(stat --format %a "$work/sluice.sock") == 600 ]] || fail "the socket is open to others"
status=0
"$sluicectl" --socket "$work/nobody.sock" stats >"$work/out" 2>"$work/err" || status=$?
((status != 0)) || fail "sluicectl without a gateway succeeds"
(($(wc -l <"$work/err") == 1)) || fail "not one sentence: $(cat "$work/err")"
stop_sluice sluice
pass "the socket is its owner's; without a gateway sluicectl says so"

# as_member COMMAND...: as a user of that group, and of nothing else.
as_member() {
    setpriv --reuid 54321 --regid 54322 --clear-groups "$@"
}

chmod o+x "$work"
start_sluice sluice --control-group 54322
[[ $(stat --format %a:%g "$work/sluice.sock") == 660:54322 ]] ||
    fail "it is not the group's"
as_member "$sluicectl" --socket "$work/sluice.sock" stats >/dev/null || fail "a member may not ask"
! as_member "$sluicectl" --socket "$work/sluice.sock" flows --delete --all >"$work/out" 2>&1 ||
    fail "a member may delete flows"
grep --quiet "Only the owner" "$work/out" || fail "what a member is told: $(cat "$work/out")"
! as_member "$sluicectl" --socket "$work/sluice.sock" trace --count 1 >"$work/out" 2>&1 ||
    fail "a member may see packets"
grep --quiet "Only the owner" "$work/out" || fail "what a member is told: $(cat "$work/out")"
! setpriv --reuid 54321 --regid 54321 --clear-groups "$sluicectl" --socket "$work/sluice.sock" \
    stats >/dev/null 2>&1 || fail "a stranger may ask"
ctl sluice flows --delete --all >/dev/null || fail "the owner may not delete flows"
stop_sluice sluice
pass "a group may ask, and change nothing"
