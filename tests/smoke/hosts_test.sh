#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A host that opens more than it may, and what sluicectl hosts and ports say of it. The network is
# drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

new_network sluice
start_server sluice
start_sluice sluice --workers 2 --max-flows-per-host 20

# field LIST KEY=VALUE NAME: of the entry of a JSON list that has the value.
field() {
    "$python" -c '
import json, sys
key, value = sys.argv[1].split("=")
print(next(e[sys.argv[2]] for e in json.load(sys.stdin) if e[key] == value))' "$2" "$3" <<<"$1"
}

start_in sluice.client "$python" "$here/hold_connections.py" 12 "$server_address" 80 \
    >"$work/hold"
wait_for 10 "connections" grep --quiet open "$work/hold"
hosts=$(ctl sluice hosts --json)
(($(field "$hosts" host="$client_address" flows) == 12)) || fail "flows: $hosts"
(($(field "$hosts" host="$client_address" half_open) == 0)) || fail "half-open: $hosts"
(($(field "$hosts" host="$client_address" ports) == 12)) || fail "ports: $hosts"
pass "sluicectl hosts counts a host's connections and ports"

ports=$(ctl sluice ports --json)
destination="$server_address:80"
(($(field "$ports" destination="$destination" used) == 12)) || fail "used: $ports"
(($(field "$ports" destination="$destination" left) == 64500)) || fail "left: $ports"
pass "sluicectl ports tells how many are left toward a destination"

for port in {41001..41015}; do
    send_packet sluice.client --udp --source-port "$port" --dest-port 9 198.51.100.77
done
wait_for 5 "the limit" counter_reaches sluice host_flows 7
(($(flow_count sluice --src "$client_address") == 20)) || fail "flows: $(ctl sluice flows)"
hosts=$(ctl sluice hosts --by rate --top 1 --json)
(($(field "$hosts" host="$client_address" refused) == 7)) || fail "refused: $hosts"
from_client sluice "$python" "$here/udp_client.py" 10.1.0.11 "$server_address" 53 40001 \
    >/dev/null || fail "another host cannot open a flow"
ctl sluice hosts | grep --quiet '^10.1.0.11 ' || fail "hosts as text: $(ctl sluice hosts)"
pass "a host at its limit is refused, and counted; another is not"

ctl sluice top --once >"$work/top" || fail "top --once ended with $?"
for row in "$client_address  *[1-9][0-9]* " \
    'host_flows  *0  *7$' "$public_address .* $destination$" \
    'flows  *[1-9][0-9]* of [0-9]* '; do
    grep --quiet --extended-regexp "$row" "$work/top" || fail "top has no $row: $(cat "$work/top")"
done
ctl sluice top --once | head -n 1 >/dev/null || fail "top does not like a closed pipe"
refuses sluice --once top </dev/null # it is no terminal
"$python" "$here/press_keys.py" pq "$client_address" "$sluicectl" --socket "$work/sluice.sock" top \
    >"$work/screen" || fail "top on a terminal ended with $?: $(cat "$work/screen")"
# There is room for one reason: what went to a neighbour that is not there ends by another, later.
grep --quiet 'host_flows\|neighbour_failed' "$work/screen" ||
    fail "top on a terminal: $(cat "$work/screen")"
# shown KEYS TEXT: whether top shows the text when these keys are pressed.
shown() {
    "$python" "$here/press_keys.py" "$1" "$client_address" "$sluicectl" \
        --socket "$work/sluice.sock" top >"$work/screen" ||
        fail "top ended with $?: $(cat "$work/screen")"
    grep --quiet -- "$2" "$work/screen"
}
shown $'/10.1.0.11\nq' 'filter 10.1.0.11' || fail "top takes no filter: $(cat "$work/screen")"
shown bq 'wants a gateway with --accounting' || fail "top by bytes: $(cat "$work/screen")"
pass "sluicectl top: the figures, once as text and on a terminal until q is pressed"

ctl sluice ports --top 1 | grep --quiet "$destination" || fail "ports as text"
status=0
ctl sluice hosts --by luck >/dev/null 2>&1 || status=$?
((status == 2)) || fail "--by luck is taken"
assert_accounts sluice
stop_sluice sluice
pass "text, usage, the account"
