#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What sluicectl events says while real programs open and end flows, and that a reader which is
# stopped, or goes, delays nobody. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

new_network sluice
start_server sluice
start_sluice sluice --workers 2

# follow NAME [FLAG...]: events go to $work/NAME; returns when it hears them.
follow() {
    local name=$1
    shift
    "$sluicectl" --socket "$work/sluice.sock" events "$@" >"$work/$name" 2>"$work/$name.err" &
    follower=$!
    wait_for 10 "the first event ($name)" has_probe "$name"
}
has_probe() {
    send_packet sluice.client --udp --source-port $((20000 + RANDOM % 10000)) --dest-port 9 \
        198.51.100.77 >/dev/null
    [[ -s $work/$1 ]]
}
tells() {
    grep --quiet --extended-regexp "$2" "$work/$1"
}

follow text
text_follower=$follower
follow json --json
json_follower=$follower
from_client sluice curl --silent --show-error --max-time 10 --local-port 33333 \
    --output /dev/null "http://$server_address/" || fail "curl"
tuple="src=$client_address dst=$server_address sport=33333 dport=80"
for line in "^    \[NEW\] tcp      6 120 SYN_SENT $tuple \[UNREPLIED\]" \
    "^ \[UPDATE\] tcp      6 [0-9]+ ESTABLISHED $tuple .*\[ASSURED\]$"; do
    wait_for 5 "$line" tells text "$line"
done
ctl sluice flows --delete --sport 33333 >/dev/null
wait_for 5 "the end" tells text "^\[DESTROY\] tcp      6 [A-Z_]+ $tuple "
wait_for 5 "the end as JSON" tells json '"event":"destroy".*"sport":33333'
"$python" -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' \
    "$work/json" || fail "not JSON: $(cat "$work/json")"
pass "a connection is told as conntrack -E tells it, and as JSON"

# A reader that is stopped does not keep anybody from anything.
kill -STOP "$text_follower"
from_client sluice curl --silent --show-error --max-time 10 --output /dev/null \
    "http://$server_address/" || fail "curl while a reader is stopped"
(($(flow_count sluice --proto tcp) >= 1)) || fail "no flow while a reader is stopped"
kill -CONT "$text_follower"
kill "$text_follower" "$json_follower"
wait "$text_follower" "$json_follower" || true
# There would be no place if the others were still being sent to.
follow again -o timestamp,extended,id
follow too --proto udp
refuses sluice 'streams of events' events # to a third reader
pass "stopped readers delay nobody, and those that go make room"
from_client sluice curl --silent --show-error --max-time 10 --output /dev/null \
    "http://$server_address/" || fail "curl"
wait_for 5 "what -o asks for" tells again \
    '^\[[0-9]{10}\.[0-9]{6}\].    \[NEW\] ipv4     2 tcp      6 .* dport=[0-9]+ id=[0-9]+$'
pass "time, address family and id stand where conntrack -o has them"

assert_accounts sluice
stop_sluice sluice
wait "$follower" || true
pass "it ends while somebody listens; the account"
