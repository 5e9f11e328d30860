#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# sluice check: finds what a start would fail by or do harm by, with the command that mends it, for
# people and for programs, and leaves nothing behind. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

# check STATUS COMMAND...: with the ports of every gateway, or as the command has them.
check() {
    local wanted=$1 status=0
    shift
    in_namespace one.gateway "$@" "${address_flags[@]}" "${memory_flags[@]}" \
        --control-socket "$work/check.sock" >"$work/out" 2>"$work/err" || status=$?
    ((status == wanted)) || fail "$*: ends with $status: $(cat "$work/out" "$work/err")"
}

# finds WORDS, has_none: of what is in the way.
finds() {
    grep '^problem: ' "$work/out" | grep --quiet --fixed-strings -e "$1" ||
        fail "no problem with \"$1\": $(cat "$work/out")"
}

has_none() {
    ! grep '^problem: ' "$work/out" >&2 || fail "nothing is in the way"
}

new_network one
in_namespace one.gateway ip link set dev lo up
in_namespace one.gateway sysctl --quiet --write net.ipv4.ip_forward=1
good=("$sluice" check "${port_flags[@]}")

check 0 "${good[@]}"
has_none
[[ -z $(in_namespace one.gateway nft list tables) ]] || fail "it leaves a rule behind"
[[ ! -e $work/check.sock ]] || fail "it leaves a socket behind"
pass "nothing in the way: 0, and nothing left"

check 0 "$sluice" check --lan af_xdp:lan --wan af_xdp:wan
has_none
for interface in lan wan; do
    grep --quiet "^note: --$interface af_xdp:$interface: $interface is no NIC" "$work/out" ||
        fail "nothing of the peer's offloads: $(cat "$work/out")"
done
pass "what the peers of af_xdp ports must be told is a note"

check 2 "${good[@]}" --icmp-rate=-5
grep --quiet -e '--icmp-rate' "$work/err" || fail "the flag is not named: $(cat "$work/err")"
check 75 "$sluice" check --lan af_packet:lan --wan af_packet:nosuch
finds '--wan af_packet:nosuch: there is no such interface'
pass "a flag that can never work: 2; a machine that is not ready: 75"

# Whoever has not got the rights hears of what root would not.
unprivileged=(setpriv --bounding-set -net_admin --)
check 75 "${unprivileged[@]}" "${good[@]}"
finds '`sysctl -w net.ipv4.conf.wan.forwarding=0` stops it'
for interface in lan wan; do # as it says
    in_namespace one.gateway sysctl --quiet --write "net.ipv4.conf.$interface.forwarding=0"
done
check 0 "${unprivileged[@]}" "${good[@]}"
has_none
pass "a kernel that forwards and cannot be kept from it is a problem"

in_namespace one.gateway ip address add "$public_address/24" dev wan
in_namespace one.gateway ip route add default via "$next_hop"
check 75 "$sluice" check --json "${port_flags[@]}"
mapfile -t commands < <("$python" -c '
import json, sys
for finding in json.load(sys.stdin):
    assert set(finding) == {"kind", "text", "command"}, finding
    if finding["kind"] == "problem":
        assert "`" + finding["command"] + "`" in finding["text"], finding
        print(finding["command"])' <"$work/out")
((${#commands[@]} == 2)) || fail "problems of an address and a default route: $(cat "$work/out")"
check 75 "${good[@]}" --force
finds "the kernel has this address on wan"
! grep --quiet 'default route' "$work/out" || fail "what --force takes is a problem"
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086 # words
    in_namespace one.gateway $command || fail "\`$command\` does not work"
done
check 0 "$sluice" check --json "${port_flags[@]}"
pass "--json: each problem has its command, which mends it: ${commands[*]}"

# make_group: a control group with a limit, where this machine lets one be made.
make_group() {
    local own top=/sys/fs/cgroup limit=memory.max
    own=$(awk -F: '$1 == "0" { print $3 }' /proc/self/cgroup)
    if [[ -d /sys/fs/cgroup/memory ]]; then
        own=$(awk -F: '$2 ~ /(^|,)memory(,|$)/ { print $3 }' /proc/self/cgroup)
        top=/sys/fs/cgroup/memory limit=memory.limit_in_bytes
    fi
    group=$top$own/sluice-check-$$
    mkdir "$group" && echo 1000000000 >"$group/$limit"
}
if make_group 2>/dev/null; then
    trap 'remove_all; rmdir "$group"' EXIT
    usual_memory=("${memory_flags[@]}")
    memory_flags=(--no-huge --flows 8000000)
    for words in check ''; do
        # shellcheck disable=SC2086 # words
        check 75 bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
            "$sluice" $words "${port_flags[@]}"
        cat "$work/out" "$work/err" >"$work/said"
        (($(grep --count 'control group .*raise its limit' "$work/said") == 1)) ||
            fail "not one sentence: $(cat "$work/said")"
    done
    memory_flags=("${usual_memory[@]}")
    pass "more flows than a control group has memory for are one sentence"
else
    rmdir "$group" 2>/dev/null || true
    echo "no control group with a limit can be made here"
fi

# Beside a gateway that runs by the same configuration.
start_sluice one
check 0 "${good[@]}"
start_server one
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding beside a check"
stop_sluice one
pass "a check beside a gateway at work does not disturb it"
