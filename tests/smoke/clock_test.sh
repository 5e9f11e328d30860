#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A hundred days, by a clock that is moved under the program, and a time of day that is set back.
# Its ticks run round after 49 days and are compared up to 24. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
[[ -e ${MOVED_CLOCK_LIBRARY:?} ]] || skip "the library is not built"
[[ $(stat --file-system --format %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
state_dir=$(mktemp --directory /dev/shm/sluice.XXXXXX)
trap 'remove_all; rm -rf "$state_dir"' EXIT

# start_moved NET FLAG...: as start_sluice, with a clock of its own, by which another start goes on.
start_moved() {
    local net=$1
    [[ -e $work/$net.clock ]] || "$python" "$here/move_clock.py" "$work/$net.clock" make
    export LD_PRELOAD=$MOVED_CLOCK_LIBRARY MOVED_CLOCK=$work/$net.clock
    start_sluice "$@"
    unset LD_PRELOAD MOVED_CLOCK
}

pass_days() {
    "$python" "$here/move_clock.py" "$work/$1.clock" pass "$2"
}

set_clock() {
    "$python" "$here/move_clock.py" "$work/$1.clock" set "$2"
}

# ask NET FIRST COUNT: a datagram from each of so many ports from FIRST on; says how many were
# answered.
ask() {
    from_client "$1" "$python" - "$client_address" "$server_address" "$2" "$3" <<'PYTHON'
import socket
import sys

local, server, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
answered = 0
for port in range(first, first + count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(0.2 if answered else 2)
        udp.bind((local, port))
        udp.sendto(b"x", (server, 53))
        try:
            udp.recv(65535)
            answered += 1
        except TimeoutError:
            pass
print(answered)
PYTHON
}

# More than a host gets of such errors in a second, so that its budget is empty behind.
hears_of_ttl() {
    local said
    said=$(from_client "$1" ping -c 15 -i 0.01 -t 1 -W 1 "$server_address") || true
    grep --quiet 'Time to live exceeded' <<<"$said"
}

# has_history DAY: the last look that is kept is of that day from now on.
has_history() {
    local last
    last=$(ctl records history | tail -n 1 | cut --delimiter ' ' --fields 1)
    [[ $last == 2* ]] || return 1
    ((last = ($(date --date "$last" +%s) - $(date +%s) + 43200) / 86400))
    ((last == $1))
}

named() {
    (($(grep --count 'has no free port toward' "$work/days.out") > $1))
}

new_network days
start_server days
start_moved days --snat "10.1.0.0/24 -> 198.51.100.1:40000-40003" --timeout-udp 1 \
    --timeout-udp-stream 1728000
day=0
for days in 0 20 26 10 15 10 19; do
    ((days == 0)) || pass_days days "$days"
    ((day += days)) || true
    wait_for 60 "room on day $day" counter_reaches days flows_expired "$((4 * (day > 0)))"
    before=$(grep --count 'has no free port toward' "$work/days.out") || true
    answered=$(ask days 20000 8)
    ((answered == 4)) || fail "day $day: $answered of 8 were answered, and there are 4 ports"
    wait_for 60 "a line on exhaustion on day $day" named "$before"
    from_client days ping -c 1 -W 5 10.1.0.1 >/dev/null || fail "day $day: no answer to a ping"
    hears_of_ttl days || fail "day $day: no time exceeded for a TTL of 1"
    assert_accounts days
    pass "day $day: exhaustion is said, ports are free again, ping is answered"
done
stop_sluice days

# A stream that never rests for longer than its timeout is the same flow for ever.
new_network stream
start_server stream
start_moved stream --timeout-udp-stream 1728000 --port-block-size 64 --port-blocks-per-host 1
for _ in 1 2 3; do # answered at an age of more than 2 s: a stream
    (($(ask stream 5000 1) == 1)) || fail "no answer"
    "$python" "$here/move_clock.py" "$work/stream.clock" pass_seconds 3
done
for _ in 1 2 3 4 5 6; do
    pass_days stream 15
    (($(ask stream 5000 1) == 1)) || fail "no answer"
    (($(counter stream flows_opened) == 1)) || fail "another flow: $(ctl stream flows)"
done
who=$(ctl stream who "$public_address")
grep --quiet ' flow .* <20' <<<"$who" || fail "it seems to be young: $who"
pass "a stream of 90 days, which is not said to be younger than 24"

# Blocks of ports: what the log says of them never runs back.
times() {
    grep --only-matching --extended-regexp '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z' \
        "$work/stream.out"
}
in_order() {
    times | sort --check=quiet
}
has_block() {
    grep --quiet "^sluice: $1 has " "$work/stream.out"
}
last=10
for seconds in -3600 -86400 7200; do
    ((++last))
    set_clock stream "$seconds"
    seen_by_udp stream "10.1.0.$last" >/dev/null
    wait_for 60 "the block of 10.1.0.$last" has_block "10.1.0.$last"
done
in_order || fail "the times of blocks run back: $(grep -e ' has ' -e ' had ' "$work/stream.out")"
grep --quiet "clock was set back by" "$work/stream.out" || fail "the set clock is not spoken of"
stop_sluice stream
pass "the times of blocks do not run back with the clock"

# What is written down, and what outlives the process: an old stream, and a short flow every two
# weeks, which has ended at the first step of two hours.
new_network records
start_server records
flags=(--timeout-udp-stream 1728000 --accounting --log-flows "json:$work/flows.json"
    --state "$state_dir/flows")
start_moved records "${flags[@]}"
for _ in 1 2 3; do # answered at an age of more than 2 s: a stream
    (($(ask records 5000 1) == 1)) || fail "no answer"
    "$python" "$here/move_clock.py" "$work/records.clock" pass_seconds 3
done
for port in {6001..6007}; do
    (($(ask records "$port" 1) == 1)) || fail "no answer"
    pass_days records 14
    (($(ask records 5000 1) == 1)) || fail "no answer"
    wait_for 20 "history of today" has_history "$((14 * (port - 6000)))"
done
stop_sluice records
start_moved records "${flags[@]}"
(($(counter records flows_adopted) == 1)) || fail "the stream is lost: $(cat "$work/records.out")"
(($(ask records 5000 1) == 1)) || fail "no answer"
ctl records flows --delete --all >/dev/null
stop_sluice records
"$python" - "$work/flows.json" <<'PYTHON' || fail "the log of flows: $(cat "$work/flows.json")"
import json
import sys

DAY = 86400
with open(sys.argv[1]) as log:
    events = [json.loads(line) for line in log]
times = [event["time"] for event in events]
assert times == sorted(times)
first = times[0]
of_port = {}
for event in events:
    of_port.setdefault(event["original"]["sport"], []).append(event)
assert sorted(of_port) == [5000, *range(6001, 6008)], sorted(of_port)
for port, (opened, ended) in of_port.items():
    assert (opened["event"], ended["event"]) == ("new", "destroy"), port
    lived = ended["time"] - opened["time"]
    if port == 5000:
        assert 98 * DAY <= lived < 98.1 * DAY, lived
        assert ended["original"]["packets"] == ended["reply"]["packets"] == 11
    else:
        assert 7000 < lived < 7800, (port, lived)
        day = 14 * (port - 6001)
        assert day * DAY <= opened["time"] - first < (day + 0.1) * DAY, (port, opened["time"])
PYTHON
pass "98 days of a log, of history and of accounts, and a stream that goes on in a new process"
