#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The configuration is read again while traffic passes: by sluicectl and by SIGHUP, a thousand times
# without the loss of a packet, and not at all where the file has a mistake. The network is drawn in
# network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

net=reload
file=$work/sluice.conf
write_file() {
    printf 'inside = 10.1.0.0/24\npool = %s\n' "$1" >"$file.new"
    shift
    ((!$#)) || printf '%s\n' "$@" >>"$file.new"
    mv "$file.new" "$file"
}

# shows_pool RANGE, for wait_for.
shows_pool() {
    [[ $(ctl "$net" config show | grep '^pool') == "pool = $1" ]]
}

has_no_flows() {
    [[ $(flow_count "$net") == 0 ]]
}

write_file 198.51.100.1
new_network "$net"
start_server "$net"
start_sluice "$net" --config "$file"
[[ $(seen_by_udp "$net") == 198.51.100.1:* ]] || fail "no forwarding before a reload"

[[ $(ctl "$net" reload) == "nothing has changed" ]] || fail "a file that is the same has changed"
write_file 198.51.100.7
ctl "$net" reload --dry-run >"$work/dry"
grep --quiet --extended-regexp '^- pool = 198\.51\.100\.1 +[0-9]+ flow' "$work/dry" ||
    fail "--dry-run does not show what goes: $(cat "$work/dry")"
grep --quiet '^+ pool = 198.51.100.7 ' "$work/dry" || fail "nor what comes: $(cat "$work/dry")"
[[ $(ctl "$net" config show | grep '^pool') == "pool = 198.51.100.1" ]] ||
    fail "--dry-run has changed something"
pass "a dry run tells what would change, and changes nothing"

ctl "$net" reload >"$work/reload"
[[ $(seen_by_udp "$net") == 198.51.100.7:* ]] || fail "the new pool is not used"
[[ $(ctl "$net" config show | grep '^pool') == "pool = 198.51.100.7" ]] || fail "config show"
pass "a reload gives new flows the new pool, whose address is answered for"

write_file 198.51.100.1
kill -HUP "${sluice_pid[$net]}"
wait_for 10 "the pool after SIGHUP" shows_pool 198.51.100.1
pass "SIGHUP reloads"

before=$(ctl "$net" config show)
write_file 198.51.100.9 'worker = 2'
refuses "$net" "$file:3:1: worker: there is no such flag; did you mean workers?" reload
write_file 198.51.100.9 'workers = 2'
refuses "$net" '--workers cannot change while sluice runs' reload
[[ $(ctl "$net" config show) == "$before" ]] || fail "a mistake has changed something"
[[ $(seen_by_udp "$net") == 198.51.100.1:* ]] || fail "a mistake has changed the pool"
pass "a mistake in the file is named with its place, and changes nothing"

# Flows of two hosts: the pool of one comes and goes, and its flows are kept; the other's stays.
write_file 198.51.100.1 'snat = 10.1.0.20/32 -> 198.51.100.20'
ctl "$net" reload >"$work/reload"
in_namespace "$net.client" "$python" "$here/ping_pong.py" "$server_address" 53 "$work/stop" \
    "$client_address" 10.1.0.20 >"$work/ping_pong" &
client=$!
"$python" "$here/reload_often.py" "$work/$net.sock" "$file" 1000 198.51.100.1 198.51.100.7
touch "$work/stop"
wait "$client" || fail "packets were lost: $(cat "$work/ping_pong")"
grep --quiet --extended-regexp '^[0-9]+ sent by 8 flows, 0 lost$' "$work/ping_pong" ||
    fail "packets were lost: $(cat "$work/ping_pong")"
assert_accounts "$net"
pass "1,000 reloads beside traffic: $(cat "$work/ping_pong")"

# What is not about rules: a timeout, a limit, a route. None of them ends a flow.
write_file 198.51.100.1 'timeout-udp = 7' 'max-flows-per-host = 500' \
    'route = 10.77.0.0/16 via 10.1.0.77'
ctl "$net" reload --dry-run >"$work/dry"
grep --quiet --extended-regexp '^\+ timeout-udp = 7 +[0-9]+ flows?$' "$work/dry" ||
    fail "the timeout: $(cat "$work/dry")"
grep --quiet --extended-regexp '^\+ max-flows-per-host = 500 +0 hosts above the new limit$' \
    "$work/dry" || fail "the limit: $(cat "$work/dry")"
grep --quiet --extended-regexp '^\+ route = 10\.77\.0\.0/16 via 10\.1\.0\.77 +0 flows$' \
    "$work/dry" || fail "the route: $(cat "$work/dry")"
ctl "$net" reload >"$work/reload"
[[ $(seen_by_udp "$net") == 198.51.100.1:* ]] || fail "no forwarding with another timeout"
left=$(ctl "$net" flows --json | grep --only-matching --perl-regexp '"timeout":\K[0-9]+' |
    sort --numeric-sort | head --lines=1)
[[ -n $left && $left -le 7 ]] || fail "a new flow has '$left' s to live, not 7"
write_file 198.51.100.1
ctl "$net" reload >"$work/reload"
pass "timeouts, limits and routes are reloaded"

# Flows of an address that goes are left a second, however they are reloaded.
[[ $(seen_by_udp "$net") == *:* ]] || fail "no flow to drain"
write_file 198.51.100.8 'on-reload = drain' 'drain-time = 1'
ctl "$net" reload | grep --quiet 'without a rule go on for 1 s' || fail "--on-reload drain"
wait_for 20 "drained flows to end" has_no_flows
pass "--on-reload drain ends them later"

[[ $(seen_by_udp "$net") == 198.51.100.8:* ]] || fail "the pool after the drain is not used"
write_file 198.51.100.9 'on-reload = end'
ctl "$net" reload | grep --quiet --extended-regexp '^[1-9][0-9]* flows? without a rule ended' ||
    fail "--on-reload end has ended nothing"
[[ $(flow_count "$net") == 0 ]] || fail "flows without a rule live on"
stop_sluice "$net"
pass "--on-reload end ends the flows that have no rule any more"
