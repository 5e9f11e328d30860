#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --sync: two gateways of which one forwards. Connections go on when it is killed, when the two
# change places, and when they have lost sight of one another. The clients' and the servers'
# networks are switches here, on which both gateways are:
#
#   pair.client ── inside ──┬── lan  a.gateway  wan ──┬── outside ── pair.server
#                           └── lan  b.gateway  wan ──┘
#                                   sync ── sync
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

trap remove_all EXIT
for name in pair.client pair.server pair.switch a.gateway b.gateway; do new_namespace "$name"; done
for side in inside outside; do in_namespace pair.switch ip link add "$side" up type bridge; done
connect pair.client eth0 pair.switch client
connect pair.server eth0 pair.switch server
in_namespace pair.switch ip link set dev client master inside
in_namespace pair.switch ip link set dev server master outside
for gateway in a b; do
    connect "$gateway.gateway" lan pair.switch "lan-$gateway"
    connect "$gateway.gateway" wan pair.switch "wan-$gateway"
    in_namespace pair.switch ip link set dev "lan-$gateway" master inside
    in_namespace pair.switch ip link set dev "wan-$gateway" master outside
done
connect a.gateway sync b.gateway sync
in_namespace a.gateway ip address add 192.0.2.1/24 dev sync
in_namespace b.gateway ip address add 192.0.2.2/24 dev sync
add_addresses pair

(umask 077 && head --bytes 32 /dev/urandom | od --address-radix=n --format=x1 |
    tr -d ' \n' >"$work/key")
# Not loose: a connection that was not taken over does not go on by itself.
common=(--sync-key "$work/key" --workers 2 --tcp-loose 0)
declare -A own=([a]=1 [b]=2) other=([a]=2 [b]=1) priority=([a]=150 [b]=50)

# start GATEWAY ROLE
start() {
    local places=listen=192.0.2.${own[$1]}:3780,peer=192.0.2.${other[$1]}:3780
    start_sluice "$1" "${common[@]}" --role "$2" --sync "$places,priority=${priority[$1]}"
}

# says GATEWAY TEXT, for wait_for
says() {
    [[ $(ctl "$1" role) == "$2" ]]
}

# wait_for_role GATEWAY TEXT
wait_for_role() {
    wait_for 15 "$1 to be $2: $(ctl "$1" role)" says "$1" "$2"
}
all_there='active; the peer stands by and has all flows'

times=0
# speak: every silent connection is heard again.
speak() {
    times=$((times + 1))
    kill -USR1 "$speaker"
    wait_for 20 "all connections, for the ${times}th time: $(cat "$work/speak.err")" \
        grep --quiet --line-regexp "spoke $times" "$work/speak"
}

# has_all GATEWAY COUNT, for wait_for: of its connections to the echo, as many stand.
has_all() {
    (($(flow_count "$1" --dport 7 --state ESTABLISHED) == $2))
}

head --bytes 6M /dev/urandom >"$work/file"
start_server pair
start_in pair.server "$python" "$here/echo_server.py" 7 >"$work/echo"
wait_for 10 "the echo" grep --quiet listening "$work/echo"
start a active
start b standby
start_capture pair.server eth0 "$work/outside.pcap"
wait_for_role a "$all_there"
start_in pair.client "$python" "$here/speak_again.py" 20 "$server_address" 7 \
    >"$work/speak" 2>"$work/speak.err"
speaker=$started_pid
wait_for 20 "connections" grep --quiet open "$work/speak"
speak
start_in pair.client curl --silent --show-error --max-time 120 --limit-rate 1M \
    --output "$work/download" "http://$server_address/file"
download=$started_pid
wait_for 10 "the flows at the other" has_all b 20
(($(counter b flows_opened) == 0)) || fail "who stands by has opened flows itself"
(($(counter b sync_refused) == 0)) || fail "$(counter b sync_refused) were refused"
pass "who stands by has the flows of the other"

start_in pair.client "$python" "$here/stream_gap.py" 10.1.0.11 "$server_address" 53 \
    "$work/stop" >"$work/gap"
stream=$started_pid
wait_for 10 "the stream" grep --quiet answered "$work/gap"
end "${sluice_pid[a]}" KILL || true
[[ $(ctl b role active) == active* ]] || fail "b does not become active"
speak
touch "$work/stop"
wait "$stream" || fail "the stream was never answered again"
pass "killed: all connections go on, $(tail -n 1 "$work/gap") ms without an answer"

start a standby
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
pass "no inside address was on the outside wire"
