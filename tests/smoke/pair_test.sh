#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --sync: two gateways of which one forwards. Connections go on when it is killed, when it is killed
# and started again at once, when the two change places, and when they have lost sight of one
# another: those of a client by IPv4, and its connections by IPv6 through NAT64.
set -euo pipefail
# shellcheck source=tests/smoke/pair.sh
source "$(dirname "$(readlink -f "$0")")/pair.sh"
# shellcheck source=tests/smoke/ipv6.sh
source "$here/ipv6.sh"
# shellcheck source=tests/smoke/silent.sh
source "$here/silent.sh"

trap remove_all EXIT
head --bytes 6M /dev/urandom >"$work/file"
new_pair

flags=(--nat64 64:ff9b::/96 --lan6 2001:db8:1::1/64 --ra 1
    --inside "10.1.0.0/24,198.18.0.0/16")
start a active "${flags[@]}"
start b standby "${flags[@]}"
start_capture pair.server eth0 "$work/outside.pcap"
wait_for_role a "$all_there"
hear_routers pair.client
wait_for 20 "an address of the advertised prefix" global_address pair.client >"$work/address"
open_silent pair.client 20 "$server_address"
open_silent pair.client 3 "64:ff9b::$server_address"
speak
start_in pair.client curl --silent --show-error --max-time 120 --limit-rate 1M \
    --output "$work/download" "http://$server_address/file"
download=$started_pid
wait_for 10 "the flows at the other" has_all b 23
(($(counter b flows_opened) == 0)) || fail "who stands by has opened flows itself"
(($(counter b sync_refused) == 0)) || fail "$(counter b sync_refused) were refused"
ctl b stats --json | grep --quiet '"pair":{"role":"standby","peer":"active","whole":true' ||
    fail "the role is not in the statistics: $(ctl b stats --json)"
ctl a top --once | head -n 1 | grep --quiet "  $all_there\$" || fail "top does not say the role"
ctl b why udp 10.1.0.10:4000 "$server_address:53" >"$work/why"
for line in 'this gateway stands by: it drops what it receives as standby' 'dropped: standby'; do
    grep --quiet --line-regexp "$line" "$work/why" || fail "no $line: $(cat "$work/why")"
done
ctl a why udp 10.1.0.10:4000 "$server_address:53" | grep --quiet '^leaves by wan ' ||
    fail "why of who forwards: $(ctl a why udp 10.1.0.10:4000 "$server_address:53")"
pass "who stands by has the flows of the other"

end "${sluice_pid[a]}" KILL || true
start a active "${flags[@]}"
wait_for_role a "$all_there"
(($(counter a flows_taken_over) >= 23)) || fail "$(counter a flows_taken_over) were taken back"
(($(counter a sync_refused) + $(counter b sync_refused) == 0)) || fail "some were refused"
wait_for 10 "the copy at the other" has_all b 23
speak
pass "killed, and started again before the other was told: all connections go on"

start_in pair.client "$python" "$here/stream_gap.py" 10.1.0.11 "$server_address" 53 \
    "$work/stop" >"$work/gap"
stream=$started_pid
wait_for 10 "the stream" grep --quiet answered "$work/gap"
end "${sluice_pid[a]}" KILL || true
[[ $(ctl b role active) == active* ]] || fail "b does not become active"
speak
touch "$work/stop"
wait "$stream" || fail "the stream was never answered again"
assert_gap "$work/gap" $((1000 + slack)) killed
pass "killed: all connections go on, $(tail -n 1 "$work/gap") ms without an answer"

start a standby "${flags[@]}"
wait_for_role b "$all_there"
ctl b role standby >"$work/role"
ctl a role active >"$work/role"
speak
wait_for_role a "$all_there"
speak
pass "the two have changed places"

ctl b role active >/dev/null
wait_for_role a "$all_there"
says b 'standby; the peer is active, and all its flows are here' || fail "b is $(ctl b role)"
grep --quiet 'both are active, and this gateway steps back' "$work/b.out" || fail "b says nothing"
speak
pass "of two that are active the one with the lower priority steps back"

in_namespace a.gateway ip link set dev sync down
wait_for_role a 'active; the peer is away'
wait_for_role b 'standby; the peer is away'
speak
in_namespace a.gateway ip link set dev sync up
wait_for_role a "$all_there"
speak
pass "a link that was cut costs nothing"

wait "$download" || fail "the download ended with $?"
[[ $(sha256sum <"$work/file") == $(sha256sum <"$work/download") ]] || fail "the download differs"
pass "a download goes on through all of it, and is whole"
for gateway in a b; do assert_accounts "$gateway"; done
mark pair "$work/outside.pcap"
for gateway in a b; do stop_sluice "$gateway"; done
assert_no_leak "$work/outside.pcap"
[[ -z $(captured "$work/outside.pcap" ip6 or net 198.18.0.0/16 | head -n 1) ]] ||
    fail "IPv6, or the number of an IPv6 host, on the outside wire"
pass "no inside address was on the outside wire"
