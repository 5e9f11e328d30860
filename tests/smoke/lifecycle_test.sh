#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Start, stop, kill, start again, two side by side. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

in_dpdk() {
    find /run/dpdk -mindepth 1 2>/dev/null | sort
}

new_network one
start_server one
before=$(in_dpdk)

for signal in TERM INT; do
    start_sluice one
    [[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding"
    stop_sluice one "$signal"
    sed '0,/^sluice: ready$/d' "$work/one.out" | grep received >/dev/null ||
        fail "no summary after SIG$signal: $(cat "$work/one.out")"
    [[ $(in_dpdk) == "$before" ]] || fail "left in /run/dpdk: $(in_dpdk)"
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

end "${sluice_pid[one]}" KILL || true
[[ $(seen_by_udp two) == "$public_address":* ]] || fail "the second fell with the first"
start_sluice one
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding after kill -9"
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
