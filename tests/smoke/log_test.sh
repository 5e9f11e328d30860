#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Whoever reads the log hangs: the gateway goes on. Nor does the control core wait for anything
# else. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

answers() {
    ctl one stats >"$work/stats" 2>/dev/null
}

has_no_flows() {
    (($(flow_count one) == 0))
}

# fill FIFO: until nothing more goes into it.
fill() {
    dd if=/dev/zero of="$1" bs=1 oflag=nonblock status=none 2>/dev/null || true
}

# find_waits PID LOOKS: until so many looks have found the process's first thread in poll(), where
# it rests; how many have found it in another call of the kernel, waiting.
find_waits() {
    local pid=$1 left=$2 call rest
    waits=0
    while ((left > 0)); do
        read -r call rest <"/proc/$pid/syscall" || fail "nobody says what the process waits in"
        case $call in
            running | -1) ;;
            7 | 73 | 271) left=$((left - 1)) ;; # poll, and ppoll by its two numbers
            *) waits=$((waits + 1)) ;;
        esac
    done
}

new_network one
start_server one
mkfifo "$work/log"
exec {log}<>"$work/log" # held open, and not read
start_in one.gateway "$sluice" "${port_flags[@]}" "${address_flags[@]}" "${memory_flags[@]}" \
    --control-socket "$work/one.sock" --port-block-size 16 --timeout-udp 1 \
    --timeout-udp-stream 1 >"$work/log" 2>"$work/one.err"
sluice_pid[one]=$started_pid
wait_for 30 "the control socket" answers
[[ $(seen_by_udp one) == "$public_address":* ]] || fail "no forwarding"

# Each of these hosts asks by ARP first, and is given a block, of which the log has a line.
fill "$work/log"
for last in {11..29}; do
    [[ $(seen_by_udp one "10.1.0.$last") == "$public_address":* ]] ||
        fail "10.1.0.$last is not served"
done
pass "hosts are served, and ARP is answered, behind a log that nobody reads"

wait_for 10 "the end of all flows" has_no_flows
wait_for 10 "the end of all blocks" counter_reaches one holders_expired 20
pass "flows and blocks of ports end"

# Two seconds and more of looks, in which it has looked at both ports often.
find_waits "${sluice_pid[one]}" 40000
((waits < 2000)) || fail "the control core waits: of 40000 looks at its rest, $waits beside"
pass "the control core waits in its rest alone"

fill "$work/log"
stop_sluice one
pass "SIGTERM ends it"
