#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --state: flows outlive the process, whether it is stopped or killed. The network is drawn in
# network.sh. SLUICE_KILLS says how often it is killed under load, at random moments.
set -euo pipefail
# A mount of hugetlbfs is this script's own, and goes with it.
((EUID != 0)) || [[ -n ${SLUICE_OWN_MOUNTS:-} ]] ||
    exec env SLUICE_OWN_MOUNTS=1 unshare --mount "$0"
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/silent.sh
source "$here/silent.sh"

kills=${SLUICE_KILLS:-3}
net=state
[[ $(stat --file-system --format %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
state_dir=$(mktemp --directory /dev/shm/sluice.XXXXXX)
trap 'umount --lazy "$work/huge" 2>/dev/null || true; remove_all; rm -rf "$state_dir"' EXIT
file=$state_dir/flows
ulimit -c 0 # a process that aborts leaves no file
# Not loose: a connection that was not taken over does not go on by itself.
state_flags=(--state "$file" --workers 2 --tcp-loose 0)

# refused WORDS FLAG...
refused() {
    refuses_to_start "$net" "$1" "${port_flags[@]}" "${state_flags[@]}" "${@:2}"
}

# established: the tuples of the silent connections, as long as they stand.
established() {
    ctl "$net" flows --proto tcp | grep 'ESTABLISHED.* dport=7 ' | grep --only-matching 'src=.*' |
        sed -E 's/ *\[.*//; s/ use=.*//' | sort
}

# is_at_rest PID: no thread of it is in the idle class, in which a killed process would end slowly;
# where it may not leave that class it stays there.
is_at_rest() {
    local stat
    (($(awk '/^Max nice priority/ { print $4 }' /proc/"$1"/limits) >= 20)) || return 0
    for stat in /proc/"$1"/task/*/stat; do
        [[ $(sed 's/.*) //' "$stat" | cut -d ' ' -f 39) != 5 ]] || return 1
    done
}

# go_on SIGNAL [FLAG...]: the process ends and another takes its place.
go_on() {
    if [[ $1 != TERM ]]; then
        wait_for 10 "threads that wait" is_at_rest "${sluice_pid[$net]}"
        end "${sluice_pid[$net]}" "$1" || true
    else
        stop_sluice "$net" "$1"
    fi
    shift
    start_sluice "$net" "${state_flags[@]}" "$@"
    (($(counter "$net" flows_adopted) >= 20)) || fail "$(counter "$net" flows_adopted) adopted"
}

new_network "$net"
head --bytes 16M /dev/urandom >"$work/file"
start_server "$net"
start_in "$net.server" "$python" "$here/echo_server.py" 7 >"$work/echo"
wait_for 10 "the echo" grep --quiet listening "$work/echo"
start_sluice "$net" "${state_flags[@]}"
start_capture "$net.server" eth0 "$work/outside.pcap"
[[ $(stat --format %a "$file") == 600 ]] || fail "others may read the state"

(
    port_flags=(--lan tap:tlan --wan tap:twan) # those of the first are its own
    refused "--state $file: another process has it open"
)
pass "a state has one process"

open_silent "$net.client" 20 "$server_address"
speak
start_in "$net.client" curl --silent --show-error --max-time 120 --limit-rate 1M \
    --output "$work/download" "http://$server_address/file"
download=$started_pid
for signal in TERM KILL ABRT; do # the last one as an assertion that does not hold
    start_in "$net.client" "$python" "$here/stream_gap.py" 10.1.0.11 "$server_address" 53 \
        "$work/$signal.stop" >"$work/$signal.gap"
    stream=$started_pid
    wait_for 10 "the stream" grep --quiet answered "$work/$signal.gap"
    established >"$work/before"
    (($(wc -l <"$work/before") == 20)) || fail "before SIG$signal: $(cat "$work/before")"
    go_on "$signal"
    established >"$work/after"
    diff "$work/before" "$work/after" || fail "after SIG$signal other connections stand"
    grep --quiet -e "--state $file: [0-9]* flows and 0 holders go on, of a process that " \
        "$work/$net.out" || fail "nothing is said of it: $(cat "$work/$net.out")"
    speak
    (($(counter "$net" flows_adopted) >= 21)) || fail "$(counter "$net" flows_adopted) adopted"
    (($(counter "$net" state_unsound) == 0)) || fail "unsound records"
    touch "$work/$signal.stop"
    wait "$stream" || fail "the stream was never answered again"
    assert_gap "$work/$signal.gap" $((1000 + slack)) "SIG$signal"
    pass "SIG$signal: all connections go on, $(tail -n 1 "$work/$signal.gap") ms without an answer"
done

# Under load: connections come and go, and mappings with them.
start_in "$net.client" bash -c "while :; do
    curl --silent --max-time 2 --output /dev/null http://$server_address/whoami || true
    '$python' '$here/udp_client.py' 10.1.0.12 $server_address 53 >/dev/null 2>&1 || true
done" >/dev/null 2>&1
load=$started_pid
for ((i = 0; i < kills; ++i)); do
    sleep "0.$((RANDOM % 9))$((RANDOM % 9))" # a random moment is what is wanted
    go_on KILL
    speak
    (($(counter "$net" state_unsound) + $(counter "$net" state_twice) +
        $(counter "$net" state_unheld) == 0)) ||
        fail "a crash has left nonsense: $(ctl "$net" stats)"
done
end "$load" TERM || true
pass "killed $kills times at random moments: every connection goes on"

wait "$download" || fail "the download ended with $?"
[[ $(sha256sum <"$work/file") == $(sha256sum <"$work/download") ]] || fail "the download differs"
pass "a download goes on through all of it, and is whole"
assert_accounts "$net"

few=("${memory_flags[@]}")
memory_flags=(--no-huge --flows 131072)
go_on TERM --accounting
speak
memory_flags=("${few[@]}")
go_on KILL
speak
pass "room for more flows, and back"

has_flows() {
    (($(flow_count "$net" --proto "$2") == $1))
}
[[ $(seen_by_udp "$net") == "$public_address":* ]] || fail "no UDP"
go_on TERM --inside 10.1.0.0/24 --pool 198.51.100.7 --on-reload drain --drain-time 1
grep --quiet 'flows\? without a rule are among them' "$work/$net.out" ||
    fail "the rules have changed: $(cat "$work/$net.out")"
wait_for 10 "the end of what has no rule" has_flows 0 udp
wait_for 10 "the end of what has no rule" has_flows 0 tcp
[[ $(seen_by_udp "$net") == 198.51.100.7:* ]] || fail "the new pool is not used"
pass "rules that have changed are minded as by a reload"

stop_sluice "$net"
refused "was written with --port-block-size 0 (--state-mismatch refuse)" \
    --port-block-size 64 --state-mismatch refuse
start_sluice "$net" "${state_flags[@]}" --port-block-size 64
grep --quiet 'was written with --port-block-size 0: this is an empty start' "$work/$net.out" ||
    fail "the empty start is not told of: $(cat "$work/$net.out")"
has_flows 0 udp || fail "flows without blocks were taken over"
stop_sluice "$net"
pass "blocks of another size: refused, or an empty start"

head --bytes 100k /dev/urandom >"$file"
sum=$(sha256sum "$file")
refused "--state $file: is no state of sluice, and is left as it is"
[[ $(sha256sum "$file") == "$sum" ]] || fail "somebody else's file was overwritten"
(
    state_flags=(--state "$state_dir/no/flows")
    refused "cannot be opened"
)
if [[ $(stat --file-system --format %T "$work") != tmpfs ]]; then
    state_flags=(--state "$work/flows")
    refused "choose one on tmpfs"
    [[ ! -e $work/flows ]] || fail "a refusal has left a file"
fi
pass "what is no state is refused"

# Of 2 MB, for the flows of two starts and room to spare.
has_huge_pages() {
    (($(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo) >= 16)) &&
        grep --quiet --extended-regexp '^Hugepagesize: +2048 kB$' /proc/meminfo
}
if has_huge_pages; then
    mkdir "$work/huge"
    mount -t hugetlbfs none "$work/huge"
    state_flags=(--state "$work/huge/flows" --workers 2 --tcp-loose 0)
    start_sluice "$net" "${state_flags[@]}"
    silent=() times=0 # those of the states before are over
    open_silent "$net.client" 20 "$server_address"
    speak
    go_on KILL
    speak
    memory_flags=(--no-huge --flows 131072)
    go_on TERM
    speak
    stop_sluice "$net"
    umount "$work/huge"
    pass "on hugetlbfs: all connections go on, and there is room for more"
else
    echo "hugetlbfs is not tried: there are no 16 free hugepages of 2 MB"
fi

packets=$(captured_count "$work/outside.pcap" tcp)
((packets > 100)) || fail "the capture has $packets packets"
assert_no_leak "$work/outside.pcap"
pass "no inside address outside, whenever it was killed"
