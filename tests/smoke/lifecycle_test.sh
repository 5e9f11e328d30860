#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Start, stop, kill, start again, two side by side. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

# left_in_dpdk PID: what an instance has there is named after it.
left_in_dpdk() {
    find /run/dpdk -name "*$1*" 2>/dev/null
}

new_network one
start_server one

for signal in TERM INT; do
    start_sluice one
    pid=${sluice_pid[one]}
    [[ -n $(left_in_dpdk "$pid") ]] || fail "nothing in /run/dpdk is named after $pid"
    [[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding"
    stop_sluice one "$signal"
    sed '0,/^sluice: ready$/d' "$work/one.out" | grep received >/dev/null ||
        fail "no summary after SIG$signal: $(cat "$work/one.out")"
    [[ -z $(left_in_dpdk "$pid") ]] || fail "left: $(left_in_dpdk "$pid")"
    [[ ! -e $work/one.sock ]] || fail "left its control socket"
    pass "SIG$signal: a summary, exit code 0, nothing left"
done

# Two instances at once; the second starts while the first is at work.
new_network two
start_server two
start_sluice one
start_sluice two
[[ $(seen_by_http one) == "$public_address":* ]] || fail "the first does not forward"
[[ $(seen_by_http two) == "$public_address":* ]] || fail "the second does not forward"
(($(counter two flows_opened) == 1)) || fail "the instances share their flows"
pass "two instances side by side"

killed=${sluice_pid[one]}
end "$killed" KILL || true
[[ $(seen_by_udp two) == "$public_address":* ]] || fail "the second fell with the first"
start_sluice one
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding after kill -9"
[[ -z $(left_in_dpdk "$killed") ]] || fail "of what was killed: $(left_in_dpdk "$killed")"
stop_sluice one
stop_sluice two
pass "killed and started again, beside another"

new_network config
start_server config
printf 'workers = 2\nflows = 4096\n' >"$work/sluice.conf"
memory_flags=(--no-huge)
start_sluice config --config "$work/sluice.conf"
[[ $(seen_by_udp config) == "$public_address":* ]] || fail "no forwarding with --config"
stop_sluice config
pass "a configuration file"

[[ $("$sluice" --version) =~ [0-9]+\.[0-9]+\.[0-9]+ ]] || fail "--version"
help=$("$sluice" --help)
for flag in --lan --wan --lan-address --wan-address --gateway --pool --inside --route --workers \
    --worker-cores --control-core --flows --idle --no-huge --memory --control-socket \
    --stats-interval --config --verify-checksum --icmp-rate; do
    grep --quiet -e "$flag\b" <<<"$help" || fail "--help does not know $flag"
done
pass "--version and --help"
