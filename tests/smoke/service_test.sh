#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a service manager sees: ready, status, a watchdog that is fed only while every worker turns,
# stopping, which takes ten seconds at most; and signals that do not end the program. The network is
# drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

said() {
    grep --quiet -e "$1" "$work/notified"
}

fed() {
    grep --count WATCHDOG=1 "$work/notified" || true
}

has_fed_more() {
    (($(fed) > $1))
}

new_network one
start_server one
start_in one.gateway "$python" "$here/notify_socket.py" "$work/notify" >"$work/notified"
wait_for 5 "the notify socket" test -S "$work/notify"

export NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=500000
start_sluice one --workers 2 --idle sleep
unset NOTIFY_SOCKET WATCHDOG_USEC
pid=${sluice_pid[one]}
wait_for 5 "READY=1" said '^READY=1$'
wait_for 5 "a status" said '^STATUS=forwarding; [0-9]* of [0-9]* flows$'
wait_for 5 "food for the watchdog" has_fed_more 2
pass "ready, a status, a watchdog that is fed"

for signal in HUP USR1 USR2 PIPE; do
    kill -"$signal" "$pid"
    [[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding after SIG$signal"
done
grep --quiet '^sluice: SIGHUP' "$work/one.out" || fail "SIGHUP is not spoken of"
pass "signals that do not end it"

# A worker that hangs is a thread that runs no more, while the others do: the freezer of ptrace.
start_in one.gateway "$python" "$here/hold_thread.py" "$pid" "$work/held"
holder=$started_pid
wait_for 5 "the held thread" test -e "$work/held"
wait_for 60 "a sentence about it" grep --quiet 'worker 1 has not turned for 1 s' "$work/one.out"
wait_for 60 "its status" said '^STATUS=a worker stands still'
before=$(fed)
wait_for 10 "another status" "$python" - "$work/notified" <<'PYTHON'
import sys
sys.exit(open(sys.argv[1]).read().count("STATUS=a worker stands still") < 2)
PYTHON
(($(fed) == before)) || fail "the watchdog is fed while a worker stands still"
health() {
    curl --silent --unix-socket "$work/one.sock" --write-out '%{http_code}' http://sluice/healthz
}
[[ $(health | sed '/^note: /d') == $'worker 1 stands still\n503' ]] || fail "its health: $(health)"
metrics=$(curl --silent --unix-socket "$work/one.sock" http://sluice/metrics)
grep --quiet '^sluice_worker_stands{worker="1"} 1$' <<<"$metrics" ||
    fail "no metric says that it stands"
end "$holder" TERM || true
wait_for 60 "a sentence about its return" grep --quiet 'worker 1 turns again' "$work/one.out"
wait_for 10 "food again" has_fed_more "$before"
[[ $(health | sed '/^note: /d') == $'healthy\n200' ]] || fail "its health afterwards: $(health)"
pass "a worker that stands still: named, the watchdog hungry, and again when it turns"

stop_sluice one
wait_for 5 "STOPPING=1" said '^STOPPING=1$'
pass "stopping is said, exit code 0"

# As one that waits for a file system which does not answer.
rm "$work/held"
start_sluice one --workers 2 --idle sleep
start_in one.gateway "$python" "$here/hold_thread.py" "${sluice_pid[one]}" "$work/held"
holder=$started_pid
wait_for 5 "the held thread" test -e "$work/held"
kill -TERM "${sluice_pid[one]}"
wait_for 30 "the end in spite of it" \
    grep --quiet 'a thread has not ended ten seconds after it was told to' "$work/one.err"
end "$holder" TERM || true # to whom the kernel shows the dead thread first
status=0
end "${sluice_pid[one]}" TERM || status=$?
((status == 70)) || fail "with a thread that does not end, sluice ended with $status"
start_sluice one
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding afterwards"
stop_sluice one
pass "it ends within ten seconds, whatever a thread waits for, and starts again"
