#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A pair of which keepalived decides who forwards, with the configuration and the script that are
# installed. VRRP has a link of its own. Whatever fails, connections that talk all the time go on:
# PAIR_CONNECTIONS of them; a stream is not without an answer for longer than it may; and no flow
# has another translation at the one than at the other.
set -euo pipefail
# shellcheck source=tests/smoke/pair.sh
source "$(dirname "$(readlink -f "$0")")/pair.sh"

for tool in keepalived curl; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done
count=${PAIR_CONNECTIONS:-50}
packaged=$here/../../packaging/keepalived
most=$((3 * 1000 + slack)) # three advertisements of advert_int
state_dir=$(mktemp --directory /dev/shm/sluice.XXXXXX)

trap 'remove_all; rm -rf "$state_dir"' EXIT
new_pair
connect a.gateway vrrp b.gateway vrrp
declare -A keepalived_pid=() vrrp_priority=([a]=250 [b]=249)

# start_keepalived GATEWAY: the installed configuration with what it says is to be changed.
start_keepalived() {
    local directory=$work/keepalived.$1
    mkdir -p "$directory"
    cp "$packaged/sluice-role" "$directory/sluice-role"
    sed -e "s|interface eth0|interface vrrp|" -e "s|/etc/keepalived|$directory|" \
        -e "s|priority 250|priority ${vrrp_priority[$1]}|" -e "s|192.0.2.3/24|192.168.7.3/24|" \
        "$packaged/keepalived.conf" >"$directory/keepalived.conf"
    SLUICECTL="$sluicectl --socket $work/$1.sock" SLUICE_SOCKET=$work/$1.sock \
        SLUICE_SAID=$directory/said start_in "$1.gateway" keepalived --vrrp --dont-fork \
        --log-console --log-detail --use-file "$directory/keepalived.conf" \
        --pid "$directory/pid" --vrrp_pid "$directory/vrrp.pid" >"$directory/log" 2>&1
    keepalived_pid[$1]=$started_pid
}

# has_said COUNT, for wait_for: as often all connections have been heard.
has_said() {
    (($(grep --count --line-regexp all "$work/talk") >= $1))
}

# all_talk: each connection is heard from now on. TCP waits the longer for its next try the longer
# it was alone, so who takes over again meets connections that talk.
all_talk() {
    local said
    said=$(grep --count --line-regexp all "$work/talk" || true)
    wait_for 30 "all connections to talk: $(cat "$work/talk.err")" has_said $((said + 2))
}

# takes_over GATEWAY WHAT COMMAND...: a stream's longest time without an answer while it does.
takes_over() {
    ! forwards "$1" || fail "$1 forwards before $2"
    goes_on forwards "$@"
}

# one_forwards GATEWAY: or the other one.
one_forwards() {
    forwards "$1" || forwards "$([[ $1 == a ]] && echo b || echo a)"
}

# goes_on CONDITION GATEWAY WHAT COMMAND...: that holds for it after the command, and connections go
# on.
goes_on() {
    local condition=$1 gateway=$2 what=$3 stream
    shift 3
    rm -f "$work/stop"
    start_in pair.client "$python" "$here/stream_gap.py" 10.1.0.11 "$server_address" 53 \
        "$work/stop" >"$work/gap"
    stream=$started_pid
    wait_for 20 "the stream" grep --quiet answered "$work/gap"
    "$@"
    wait_for 20 "$gateway to take over: $(ctl "$gateway" role || true)" "$condition" "$gateway"
    wait_for 20 "answers by $gateway" answers "$condition" "$gateway"
    touch "$work/stop"
    wait "$stream" || fail "$what: the stream ended with $?"
    assert_gap "$work/gap" "$most" "$what"
    all_talk
    pass "$what: $(tail -n 1 "$work/gap") ms without an answer, then all connections talk"
}

forwards() {
    [[ $(ctl "$1" role) == active* ]]
}

# agree, for wait_for: what one of the two has opened or ended a moment ago is on its way.
agree() {
    ctl a flows --json >"$work/flows.a" && ctl b flows --json >"$work/flows.b" &&
        "$python" "$here/check_pair.py" "$count" "$work/flows.a" "$work/flows.b" \
            >"$work/agree" 2>&1
}

# is_whole GATEWAY: it forwards, and the other has all its flows by the same ports.
is_whole() {
    wait_for_role "$1" "$all_there"
    (wait_for 10 "both to have the same flows" agree) || fail "$(cat "$work/agree")"
}

# answers CONDITION GATEWAY, for wait_for: the server is there, and the condition holds still.
answers() {
    from_client pair curl --silent --max-time 1 --output "$work/answer" "http://$server_address/" &&
        "$1" "$2"
}

# quarrels: how often one of two that were both active has stepped back.
quarrels() {
    cat "$work/a.out" "$work/b.out" | grep --count 'both are active' || true
}

# has_quarrelled COUNT, for wait_for: more often than that.
has_quarrelled() {
    (($(quarrels) > $1))
}

link() { in_namespace pair.switch ip link set dev "$1" "$2"; }
# restart GATEWAY [FLAG...]: in place, as an upgrade of the package does.
restart() {
    local gateway=$1
    shift
    stop_sluice "$gateway"
    start "$gateway" standby "$@"
}

start a standby
start b standby --state "$state_dir/b"
start_capture pair.server eth0 "$work/outside.pcap"
for gateway in a b; do
    in_namespace "$gateway.gateway" ip address add "192.168.7.${own[$gateway]}/24" dev vrrp
done
start_keepalived a
patience=30 wait_for_role a "$all_there"
start_keepalived b
says b 'standby; the peer is active, and all its flows are here' || fail "b is $(ctl b role)"
pass "keepalived has one forward, and the other stand by"

start_in pair.client "$python" "$here/talk_on.py" "$count" "$server_address" 7 "$work/end" \
    >"$work/talk" 2>"$work/talk.err"
talk=$started_pid
wait_for 60 "connections: $(cat "$work/talk.err")" has_said 1
wait_for 20 "the flows at the other" has_all b "$count"

# Longer by the time that a start takes.
most=$((most + slack))
takes_over b "it was restarted, and has no flows" restart a
is_whole b
goes_on one_forwards b "it was restarted with --state" restart b --state "$state_dir/b"
most=$((most - slack))
if forwards b; then
    is_whole b
    takes_over a "its inside was unplugged" link lan-b down
    link lan-b up
fi
is_whole a

kill_a() { end "${sluice_pid[a]}" KILL || true; }
takes_over b "its sluice was killed" kill_a
start a standby
is_whole b
takes_over a "its inside was unplugged" link lan-b down
link lan-b up
is_whole a
takes_over b "its outside was unplugged" link wan-a down
link wan-a up
is_whole b

in_namespace b.gateway ip link set dev sync down
wait_for_role b 'active; the peer is away'
in_namespace b.gateway ip link set dev sync up
is_whole b
pass "the link of --sync was unplugged, and all is told again"

# kill_machine: nothing says goodbye.
kill_machine() {
    kill -KILL "${keepalived_pid[b]}" "$(cat "$work/keepalived.b/vrrp.pid")" \
        "${sluice_pid[b]}" || true
    end "${keepalived_pid[b]}" KILL || true
    end "${sluice_pid[b]}" KILL || true
}
takes_over a "its machine died" kill_machine
start b standby
start_keepalived b
is_whole a
before=$(quarrels)
in_namespace b.gateway ip link set dev vrrp down
wait_for 20 "both to be active" has_quarrelled "$before"
in_namespace b.gateway ip link set dev vrrp up
wait_for 20 "one to step back: a is $(ctl a role), b is $(ctl b role)" says a "$all_there"
is_whole a
pass "VRRP's link was unplugged, and one of the two steps back"

touch "$work/end"
wait "$talk" || fail "the connections: $(cat "$work/talk.err")"
pass "$count connections went on through all of it, silent for $(tail -n 1 "$work/talk") ms at most"
for gateway in a b; do assert_accounts "$gateway"; done
for gateway in a b; do
    end "${keepalived_pid[$gateway]}" TERM || true
    stop_sluice "$gateway"
done
assert_no_leak "$work/outside.pcap"
pass "no inside address was on the outside wire"
