#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What sluicectl capture and trace tell of packets of real programs, and that a reader which is
# stopped, or killed, delays nobody. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

new_network sluice
start_server sluice
start_sluice sluice --workers 2

# start_capture NAME [FLAG...]: a capture to $work/NAME; returns when it watches.
start_capture() {
    local name=$1
    shift
    : >"$work/$name.err"
    "$sluicectl" --socket "$work/sluice.sock" capture -w "$work/$name" "$@" \
        2>"$work/$name.err" &
    capturer=$!
    wait_for 10 "the capture $name: $(cat "$work/$name.err")" test -s "$work/$name"
}
# captures NAME PATTERN: a line of read_capture.py.
captures() {
    "$python" "$here/read_capture.py" "$work/$1" >"$work/lines" || fail "$1 is not whole"
    grep --quiet --extended-regexp "$2" "$work/lines"
}
end_capture() {
    local status=0
    kill -INT "$1"
    wait "$1" || status=$?
    ((status == 0)) || fail "the capture ended with $status: $(cat "$work/$2.err")"
    grep --quiet --extended-regexp '^sluicectl: [0-9]+ packets? captured, 0 lost$' \
        "$work/$2.err" || fail "$(cat "$work/$2.err")"
}

stray_fin() {
    send_packet sluice.client --tcp --flags FA --source-port 33999 --dest-port 80 \
        "$server_address"
}
advice='A FIN from inside without a flow\. A client closes a connection that the gateway no longer'

start_capture drops --drops
dropped=$capturer
start_capture both --both --src "$client_address" --dport 80
both=$capturer
stray_fin
wait_for 5 "the stray FIN" captures drops \
    "^lan in $client_address $server_address dropped: invalid_untracked_fin\. $advice"
from_client sluice curl --silent --show-error --fail --max-time 10 --local-port 33333 \
    --output /dev/null "http://$server_address/" || fail "curl"
inside=$client_address:33333
outside=$public_address:33333
for line in "^lan in $client_address $server_address $inside -> $outside, new$" \
    "^wan out $public_address $server_address $inside -> $outside, new$" \
    "^wan in $server_address $public_address $outside -> $inside, reply$" \
    "^lan out $server_address $client_address $outside -> $inside, reply$"; do
    wait_for 5 "$line" captures both "$line"
done
end_capture "$dropped" drops
end_capture "$both" both
! captures drops 'curl|33333|, new' || fail "a packet that passed is among the drops"
pass "a stray FIN has its reason and advice, a connection both sides of its translation"

missing=()  # what would have looked at it, too
if ! type -P tshark >/dev/null; then
    missing+=(tshark)
else
    for name in drops both; do
        tshark -r "$work/$name" -V >"$work/dissected" 2>"$work/tshark.err" ||
            fail "tshark: $(cat "$work/tshark.err")"
        ! grep --quiet 'Malformed' "$work/dissected" || fail "tshark finds $name malformed"
        mv "$work/dissected" "$work/$name.text"
    done
    grep --quiet 'dropped: invalid_untracked_fin' "$work/drops.text" || fail "no comment in tshark"
    grep --quiet 'Interface name: lan' "$work/drops.text" || fail "no interface in tshark"
    ctl sluice capture --drops invalid_untracked_fin -c 1 2>/dev/null |
        tshark -r - -T fields -e frame.interface_name -e frame.comment \
            >"$work/piped" 2>"$work/tshark.err" &
    piped=$!
    fin_is_piped() {
        stray_fin
        ! kill -0 "$piped" 2>/dev/null
    }
    wait_for 20 "tshark behind a capture" fin_is_piped
    wait "$piped" || fail "tshark behind a capture: $(cat "$work/tshark.err")"
    grep --quiet '^lan.*dropped: invalid_untracked_fin' "$work/piped" ||
        fail "tshark behind a capture: $(cat "$work/piped")"
    pass "tshark dissects it, from a file and from a pipe"
fi

ctl sluice trace --drops invalid_untracked_fin --count 1 >"$work/trace" 2>&1 &
tracer=$!
fin_is_traced() {
    stray_fin
    ! kill -0 "$tracer" 2>/dev/null
}
wait_for 10 "the end of the trace" fin_is_traced
wait "$tracer" || fail "the trace ended with an error: $(cat "$work/trace")"
for line in ' worker [01], in by lan \(inside\), [0-9]+ bytes' \
    "^    tcp $client_address:33999 -> $server_address:80 \[F\.\]$" '^    flow: none$' \
    '^    dropped: invalid_untracked_fin$' "^        A FIN from inside without a flow\.$"; do
    grep --quiet --extended-regexp "$line" "$work/trace" || fail "no $line: $(cat "$work/trace")"
done
ctl sluice trace --from outside --dport 80 --count 2 >"$work/trace" 2>&1 &
tracer=$!
answer_is_traced() {
    from_client sluice curl --silent --show-error --fail --max-time 10 --output /dev/null \
        "http://$server_address/" || fail "curl while its answers are traced"
    ! kill -0 "$tracer" 2>/dev/null
}
wait_for 10 "the end of the trace of what comes from outside" answer_is_traced
wait "$tracer" || fail "the trace ended with an error: $(cat "$work/trace")"
(($(grep --count ', in by wan (outside), ' "$work/trace") == 2)) &&
    ! grep --quiet ', in by lan' "$work/trace" || fail "not from outside: $(cat "$work/trace")"
"$sluicectl" --socket "$work/sluice.sock" trace --dport 80 >"$work/trace" &
tracer=$!
curl_is_traced() {
    from_client sluice curl --silent --show-error --fail --max-time 10 --output /dev/null \
        "http://$server_address/" || fail "curl while it is traced"
    grep --quiet '^    tracker: reply direction, SYN_SENT -> SYN_RECV$' "$work/trace"
}
wait_for 10 "an answer in the trace: $(cat "$work/trace")" curl_is_traced
kill "$tracer"
wait "$tracer" || true
for line in "^    translated: $client_address:[0-9]+ -> $public_address:[0-9]+$" \
    '^    flow: new, ' '^    sent: by wan \(outside\) to '; do
    grep --quiet --extended-regexp "$line" "$work/trace" || fail "no $line: $(cat "$work/trace")"
done
ctl sluice trace --seconds 1 >/dev/null || fail "a trace does not end after its time"
pass "a trace tells each packet's way"

# why_says PATTERN... -- ARGUMENT...: what is asked, as an operator types it.
why_says() {
    local patterns=()
    while [[ $1 != -- ]]; do
        patterns+=("$1")
        shift
    done
    shift
    ctl sluice why "$@" >"$work/why" 2>&1 || fail "why $*: $(cat "$work/why")"
    for line in "${patterns[@]}"; do
        grep --quiet --extended-regexp -- "$line" "$work/why" || fail "no $line: $(cat "$work/why")"
    done
}
sums() {
    ctl sluice stats --json | "$python" -c 'import json, sys
stats = json.load(sys.stdin)
print(stats["drops"], stats["events"]["flows_opened"], stats["events"]["port_probes"])'
}
before=$(sums)
why_says "^tcp $client_address:33999 -> $server_address:80 \[F\.\], 40 bytes, TTL 64$" \
    '^comes in by lan \(inside\)' '^flow: none$' '^rule: inside = 10\.1\.0\.0/24$' \
    '^tracker: opens no flow$' '^dropped: invalid_untracked_fin$' \
    '^    A client closes a connection' -- \
    tcp "$client_address:33999" "$server_address:80" --flags FA
why_says "^address and port: $public_address:40001, its own port, " '^next hop: .* is at ' \
    "^leaves by wan as $public_address:40001 -> $server_address:80$" -- \
    tcp "$client_address:40001" "$server_address:80"
why_says '^flow: tcp +6 [0-9]+ TIME_WAIT ' '^tracker: reply direction, TIME_WAIT -> TIME_WAIT' \
    '^    seq [0-9]+ to [0-9]+ \(has sent up to [0-9]+, may send up to [0-9]+\), ack ' \
    "^leaves by lan as $server_address:80 -> $client_address:33333$" -- \
    tcp "$server_address:80" "$public_address:33333" --flags A --from outside
why_says '^dropped: ttl_exceeded$' -- udp "$client_address:1" "$server_address:53" --ttl 1
why_says '^dropped: too_big$' -- udp "$client_address:1" "$server_address:53" --len 1600 --df
why_says '"fate":"dropped","reason":"no_mapping"' -- \
    udp "$server_address:53" "$public_address:5" --json
why_says "^[0-9]+ tcp $client_address:33999 -> $server_address:80 .*: dropped: invalid_untracked_" \
    -- --pcap "$work/drops"
why_says "^[0-9]+ tcp $client_address:33333 -> $server_address:80 .*: leaves by wan as $outside" \
    -- --pcap "$work/both"
(($(wc --lines <"$work/why") == $("$python" "$here/read_capture.py" "$work/both" | wc --lines))) ||
    fail "why does not answer for each packet of a file: $(cat "$work/why")"
why_says "^[0-9]+ tcp $client_address:33999 .*: dropped: invalid_untracked_fin$" \
    "^[0-9]+ tcp $server_address:80 -> $client_address:33333 .*: reply, SYN_SENT -> SYN_RECV$" \
    "^[0-9]+ tcp $client_address:33333 .*: original, SYN_RECV -> ESTABLISHED$" -- \
    --pcap "$work/both" --replay
why_says "^{\"number\":[0-9]+,\"packet\":\"tcp $client_address:33999 .*\"verdict\":\"dropped: \
invalid_untracked_fin\",\"dropped\":\"invalid_untracked_fin\"}$" '"verdict":"opens a flow.*null}$' \
    -- --pcap "$work/both" --replay --json
"$sluicectl" --socket "$work/nobody" why --pcap "$work/both" --replay >"$work/why" 2>"$work/said" ||
    fail "why --replay"
grep --quiet "are those of the start" "$work/said" || fail "not said: $(cat "$work/said")"
"$sluicectl" why --pcap "$work/both" --replay --defaults >"$work/default" || fail "why --defaults"
diff "$work/default" "$work/why" >/dev/null || fail "without a gateway there are other timeouts"
printf 'tcp-loose = 0\ntimeout-udp = soon\n' >"$work/wrong.conf"
if "$sluicectl" why --pcap "$work/both" --replay --config "$work/wrong.conf" 2>"$work/said"; then
    fail "why --config takes a wrong file"
fi
grep --quiet "^sluicectl: $work/wrong.conf:2:" "$work/said" || fail "no line: $(cat "$work/said")"
if ! type -P editcap >/dev/null; then
    missing+=(editcap)
else
    editcap -F pcap "$work/both" "$work/both.pcap" 2>/dev/null || fail "editcap"
    cp "$work/why" "$work/why.pcapng"
    why_says : -- --pcap "$work/both.pcap" --replay
    diff "$work/why.pcapng" "$work/why" >/dev/null || fail "pcap is read otherwise than pcapng"
fi
[[ $(sums) == "$before" ]] || fail "something has changed by asking: $before, then $(sums)"
pass "why says beforehand what becomes of a packet, and changes nothing"

start_capture stopped
stopped=$capturer
kill -STOP "$stopped"
from_client sluice curl --silent --show-error --fail --max-time 10 --output /dev/null \
    "http://$server_address/" || fail "curl while a reader is stopped"
start_capture killed
kill -KILL "$stopped" "$capturer"
wait "$stopped" "$capturer" || true
start_capture after
after=$capturer
start_capture too
too=$capturer
refuses sluice '2 captures or traces are running' capture -w "$work/refused"
[[ ! -e $work/refused ]] || fail "a capture that is refused leaves a file"
end_capture "$after" after
end_capture "$too" too
pass "a reader that is stopped delays nobody, and one that is killed makes room"

refuses sluice 'There is no drop reason called nothing' capture --drops nothing
refuses sluice 'count=0 is not a number from 1' trace --count 0
refuses sluice 'from=dmz is none of inside, outside, lan, wan' trace --from dmz
refuses sluice 'cannot write /dev/full: No space left' capture -w /dev/full
refuses sluice 'from=dmz is none of inside, outside, lan, wan' why --from dmz \
    udp 10.1.0.2:1 1.1.1.1:1
refuses sluice 'it is neither a pcap nor a pcapng file' why --pcap "$work/trace"
refuses sluice 'it cannot be opened: No such file' why --pcap "$work/nothing"
refuses sluice 'it cannot be opened: Is a directory' capture -w "$work"
ctl sluice capture --seconds 1 2>/dev/null | head --bytes 8 >/dev/null ||
    fail "a closed pipe is an error"
pass "what cannot be done is said in a sentence"

assert_accounts sluice
start_capture last
stop_sluice sluice
wait "$capturer" || true
"$python" "$here/read_capture.py" "$work/last" >/dev/null || fail "the file is not whole"
pass "it ends while somebody watches, and the file is whole; the account"
((${#missing[@]} == 0)) || skip "${missing[*]}: not installed; the rest has passed"
