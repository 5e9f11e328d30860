#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# --state: the gateway is killed again and again, at random moments, while connections come and go
# and its configuration is read again: while it forwards, right behind a reload, and while it takes
# over what the process before has left. Every connection that stands goes on by the same ports, no
# port is two hosts', no inside address is outside, and every packet is accounted for. The network
# is drawn in network.sh. SLUICE_KILLS says how often, SLUICE_SEED which moments; without the first
# it is as often as goes into forty seconds.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/silent.sh
source "$here/silent.sh"

kills=${SLUICE_KILLS:-}
seed=${SLUICE_SEED:-$RANDOM}
RANDOM=$seed
net=kills
[[ $(stat --file-system --format %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
state_dir=$(mktemp --directory /dev/shm/sluice.XXXXXX)
trap 'remove_all; rm -rf "$state_dir"' EXIT
file=$work/sluice.conf
block_size=64
# Not loose: a connection that was not taken over does not go on by itself. What is over leaves
# soon, so that ports and blocks are given anew all the time.
flags=(--state "$state_dir/flows" --workers 2 --tcp-loose 0 --config "$file"
    --port-block-size "$block_size" --port-blocks-per-host 8 --timeout-udp 5
    --timeout-tcp-time-wait 5 --timeout-tcp-close-wait 5 --timeout-tcp-last-ack 5
    --timeout-tcp-close 5 --timeout-tcp-fin-wait 5 --timeout-tcp-syn-sent 5 --mapping-timeout 5)

# write_file POOL ADDRESS: half of the hosts have mappings, which hang on blocks and filter.
write_file() {
    cat >"$file.new" <<CONF
inside = 10.1.0.0/24
pool = $1
snat = 10.1.0.16/28 -> $2 mapping=endpoint-independent filtering=address-dependent
CONF
    mv "$file.new" "$file"
}

# change_file: it is the other one from now on.
configuration=0
change_file() {
    configuration=$((1 - configuration))
    if ((configuration)); then
        write_file 198.51.100.1-198.51.100.3 198.51.100.7
    else
        write_file 198.51.100.2-198.51.100.4 198.51.100.8
    fi
}

# moment MOST: so many hundredths of a second at most, by chance.
moment() {
    sleep "$(printf '0.%02d' $((RANDOM % $1)))"
}

# transfer UP|DOWN COUNT: by curl, and whole, however often the gateway is killed meanwhile.
transfer() {
    local sum rate=(--silent --show-error --max-time 300 --limit-rate 500K)
    if [[ $1 == UP ]]; then
        sum=$(from_client "$net" curl "${rate[@]}" --data-binary "@$work/file" \
            --header Expect: "http://$server_address/sum")
    else
        sum=$(from_client "$net" curl "${rate[@]}" "http://$server_address/file" | sha256sum)
    fi
    [[ ${sum%% *} == "$file_sum" ]] || fail "transfer $2, $1, is not whole: $sum"
}

# stream: by iperf3. On a busy machine nothing of a run's ten seconds may come through the gaps, and
# iperf3 ends with an error then: so runs that have brought something are counted, and none fails.
stream() {
    from_client "$net" iperf3 --client "$server_address" --bind 10.1.0.11 --time 10 \
        --bitrate 2M >"$work/iperf3" 2>&1 || true
    grep --count --extended-regexp ' [1-9]\S* [KMG]?bits/sec .*receiver' "$work/iperf3" || true
}

# transfers FILE: until $work/stop is there; FILE says how many were whole.
transfers() {
    local count=0 streams=0
    trap - EXIT # it is the test's
    until [[ -e $work/stop ]]; do
        count=$((count + 1))
        transfer UP "$count"
        transfer DOWN "$count"
        ! type -P iperf3 >/dev/null || streams=$((streams + $(stream)))
        echo "$((2 * count)) transfers by curl were whole, $streams of $count runs of iperf3" >"$1"
    done
}

# talk: everybody who talks is heard again, and who transfers goes on. What they have lost they send
# again, each time twice as late: without this some would meet gap after gap.
talk() {
    local before
    before=$(grep --count --line-regexp all "$work/talk")
    wait_for 60 "all that talk: $(cat "$work/talk.err")" heard_twice "$before"
    wait_for 60 "what was lost to be sent again" has_nothing_to_repeat
}

has_nothing_to_repeat() {
    ! { from_client "$net" ss --tcp --info --no-header src 10.1.0.10 or src 10.1.0.11 &&
        from_server "$net" ss --tcp --info --no-header sport = 80 or sport = 5201; } |
        grep --quiet ' backoff:'
}

# heard_twice BEFORE: once may be half of before.
heard_twice() {
    (($(grep --count --line-regexp all "$work/talk") >= $1 + 2))
}

goes_on() {
    kill -0 "$1" 2>/dev/null || fail "$2 has ended: $(tail -n 3 "$3")"
}

# kill_it NUMBER: at a random moment; of three one falls into a reload, of four one is followed by
# another while its successor takes over.
kills_done=0
kill_it() {
    moment 80
    if (($1 % 3 == 0)); then
        change_file
        if ((RANDOM % 2)); then
            kill -HUP "${sluice_pid[$net]}"
        else
            "$sluicectl" --socket "$work/$net.sock" reload >"$work/reload" 2>&1 &
        fi
        moment 8
    fi
    end "${sluice_pid[$net]}" KILL || true
    kills_done=$((kills_done + 1))
    (($1 % 4 == 0)) || return 0
    launch_sluice "$net" "${flags[@]}"
    moment 100
    end "${sluice_pid[$net]}" KILL || true
    kills_done=$((kills_done + 1))
}

# counts NAME...: of $work/stats.
counts() {
    "$python" "$here/stats.py" get "$@" <"$work/stats" | xargs
}

# check_claims: nothing is two's, and what has stood since the first time stands.
check_claims() {
    ctl "$net" flows --json >"$work/flows"
    "$python" "$here/check_claims.py" "$block_size" "$client_address" "$work/standing" \
        <"$work/flows" >"$work/claims" 2>&1
}

# check NUMBER: what is said of what was found, while nothing comes and goes.
check() {
    local found nonsense
    found=$(sed -nE 's/^.*--state [^:]*: ([0-9]+) flows? and ([0-9]+) holders? go on.*/\1 \2/p' \
        "$work/$net.out")
    [[ -n $found ]] || fail "kill $1: nothing is said of flows: $(cat "$work/$net.out")"
    ((${found% *} >= standing)) || fail "kill $1: ${found% *} flows of $standing that stand"
    ctl "$net" stats --json >"$work/stats"
    [[ $(counts flows_adopted holders_adopted) == "$found" ]] ||
        fail "kill $1: $found are said, and others counted: $(cat "$work/stats")"
    nonsense=$(counts state_{unsound,twice,unheld,private,without_rule,no_room})
    [[ $nonsense == "0 0 0 0 0 0" ]] ||
        fail "kill $1: a crash has left nonsense: $nonsense: $(cat "$work/stats")"
    kill -STOP "$crowd"
    check_claims || fail "kill $1: $(cat "$work/claims")"
    assert_accounts "$net"
    kill -CONT "$crowd"
}

head --bytes 4M /dev/urandom >"$work/file"
file_sum=$(sha256sum <"$work/file")
file_sum=${file_sum%% *}
change_file
new_network "$net"
start_server "$net"
start_in "$net.server" "$python" "$here/echo_server.py" 7 >"$work/echo" 2>"$work/echo.err"
wait_for 10 "the echo" grep --quiet listening "$work/echo"
! type -P iperf3 >/dev/null || start_in "$net.server" iperf3 --server >"$work/iperf3.server" 2>&1
start_sluice "$net" "${flags[@]}"
start_capture "$net.server" eth0 "$work/outside.pcap" net 10.1.0.0/24 or icmp

echo "seed $seed, ${kills:-some} kills"
open_silent "$net.client" 20 "$server_address"
start_in "$net.client" "$python" "$here/talk_on.py" 20 "$server_address" 7 "$work/stop" \
    >"$work/talk" 2>"$work/talk.err"
talker=$started_pid
mapfile -t hosts < <(printf '10.1.0.%d\n' {12..27})
start_in "$net.client" "$python" "$here/come_and_go.py" "$server_address" 7 53 "$work/stop" \
    "${hosts[@]}" >"$work/crowd" 2>&1
crowd=$started_pid
wait_for 20 "talking ones: $(cat "$work/talk.err")" grep --quiet --line-regexp all "$work/talk"
wait_for 20 "short ones" grep --quiet open "$work/crowd"
check_claims || fail "$(cat "$work/claims")"
standing=$(wc -l <"$work/standing")
((standing == 40)) || fail "$standing connections stand: $(cat "$work/standing")"
transfers "$work/transfers" >"$work/transfers.log" 2>&1 &
transferrer=$!
started+=("$transferrer")
pass "connections stand, talk, come and go"

is_enough() {
    if [[ -n $kills ]]; then
        ((kills_done >= kills))
    else
        ((SECONDS > 40))
    fi
}

for ((i = 1; ; ++i)); do
    ! is_enough || break
    kill_it "$i"
    start_sluice "$net" "${flags[@]}"
    speak
    check "$i"
    talk
    goes_on "$talker" "what talks" "$work/talk.err"
    goes_on "$transferrer" "what is transferred" "$work/transfers.log"
    goes_on "$crowd" "what comes and goes" "$work/crowd"
    ((i % 20 != 0)) || echo "$kills_done kills, $SECONDS s: $(cat "$work/claims")"
done
pass "killed $kills_done times in $SECONDS s: every silent connection speaks on, nothing is two's"

touch "$work/stop"
wait "$talker" || fail "what talks: $(cat "$work/talk.err")"
pass "what talks has gone on, silent for $(tail -n 1 "$work/talk") ms at the longest"
wait "$transferrer" || fail "what is transferred: $(cat "$work/transfers.log")"
pass "$(cat "$work/transfers") had bytes"
wait "$crowd" || fail "what comes and goes: $(tail -n 1 "$work/crowd")"
pass "of short connections $(tail -n 1 "$work/crowd") were answered"

from_client "$net" ping -c 1 -W 2 "$server_address" >/dev/null || fail "no ping"
wait_for 5 "the ping in the capture" has_more 0 "$work/outside.pcap" icmp
assert_no_leak "$work/outside.pcap"
pass "no inside address outside, whenever it was killed"
