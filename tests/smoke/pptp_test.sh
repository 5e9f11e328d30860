#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# PPTP through the gateway: two clients with one call ID have calls to one server at once, by the
# sockets of the kernel (pptp.py). The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

net=pptp
new_network "$net"
start_sluice "$net" --workers 2 --helper pptp
start_capture "$net.server" eth0 "$work/$net.pcap"
second_client=10.1.0.11
call_id=7

start_in "$net.server" "$python" "$here/pptp.py" serve "$server_address" >"$work/server.log" 2>&1
wait_for 10 'the PPTP server' grep --quiet '^listening' "$work/server.log"

# calls: the lines of the flows that are calls.
calls() {
    ctl "$net" flows --proto gre
}

start_in "$net.client" "$python" "$here/pptp.py" hold "$client_address" "$server_address" \
    "$call_id" >"$work/first.log" 2>&1
holder_pid=$started_pid
wait_for 10 "a call: $(cat "$work/first.log")" grep --quiet '^spoke' "$work/first.log"
calls | grep --quiet "src=$client_address dst=$server_address srckey=0x7 dstkey=0x" ||
    fail "flows: $(calls)"
ctl "$net" flows --dport 1723 | grep --quiet 'helper=pptp' || fail 'the connection has no helper'
pass 'a call, GRE both ways'

from_client "$net" "$python" "$here/pptp.py" call "$second_client" "$server_address" "$call_id" \
    >"$work/second.log" 2>&1 || fail "the second client: $(cat "$work/second.log")"
(($(counter "$net" flows_related) == 2)) || fail "not two calls: $(calls)"
pass 'a second client with the same call ID'

(($(calls | grep --count '^gre ') == 1)) || fail "the call that was cleared is there: $(calls)"
kill -0 "$holder_pid" || fail "the first call is over: $(cat "$work/first.log")"
ctl "$net" flows --delete --dport 1723 >"$work/deleted"
no_calls() { ! calls | grep --quiet '^gre '; }
wait_for 15 'the end of the call with its connection' no_calls
pass 'calls end when they are cleared, and with their connection'

assert_accounts "$net"
assert_no_leak "$work/$net.pcap"
stop_sluice "$net"
