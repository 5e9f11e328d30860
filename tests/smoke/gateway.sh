# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# sluice in the middle of a network of network.sh, and what it says of itself.

# shellcheck source=tests/smoke/network.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/network.sh"

sluice=${SLUICE:-$here/../../build/app/sluice/sluice}
sluicectl=${SLUICECTL:-$here/../../build/app/sluicectl/sluicectl}
declare -A sluice_pid=()

# What every gateway of network.sh is started with.
port_flags=(--lan af_packet:lan --wan af_packet:wan)
address_flags=(--lan-address 10.1.0.1/24 --wan-address 198.51.100.1/24 --gateway 198.51.100.254)
memory_flags=(--no-huge --flows 65536)

# launch_sluice NET [FLAG...]: returns at once. The kernel beside it forwards too, as many do, and
# sluice has to see to it that it does not forward the ports' packets.
launch_sluice() {
    local net=$1
    shift
    in_namespace "$net.gateway" sysctl --quiet --write net.ipv4.ip_forward=1
    start_in "$net.gateway" "$sluice" "${port_flags[@]}" "${address_flags[@]}" \
        "${memory_flags[@]}" --control-socket "$work/$net.sock" "$@" \
        >"$work/$net.out" 2>"$work/$net.err"
    sluice_pid[$net]=$started_pid
}

# start_sluice NET [FLAG...]: returns when both ports forward.
start_sluice() {
    local net=$1
    launch_sluice "$@"
    wait_for 30 "sluice: ready ($net)" is_ready_or_gone "$net"
    is_ready "$net" || fail "sluice ended before it was ready: $(cat "$work/$net.err")"
}

# start_on_taps NET [FLAG...]: a network whose cables are taps of sluice's own; the kernel's ends of
# them become eth0 of the client and of the server.
start_on_taps() {
    local net=$1 end name port_flags=(--lan tap:tlan --wan tap:twan)
    shift
    for name in "$net.client" "$net.gateway" "$net.server"; do new_namespace "$name"; done
    start_sluice "$net" "$@"
    for end in client:tlan server:twan; do
        name=$net.${end%:*}
        in_namespace "$net.gateway" ip link set dev "${end#*:}" \
            netns "${namespace_pid[$name]}" name eth0
        in_namespace "$name" ip link set dev eth0 up
    done
    add_addresses "$net"
}

is_ready() {
    grep --quiet --line-regexp 'sluice: ready' "$work/$1.out"
}

is_ready_or_gone() {
    is_ready "$1" || ! kill -0 "${sluice_pid[$1]}" 2>/dev/null
}

# stop_sluice NET [SIGNAL]: fails unless it ends by itself and with exit code 0.
stop_sluice() {
    local status=0
    end "${sluice_pid[$1]}" "${2:-TERM}" || status=$?
    ((status == 0)) || fail "sluice ended with $status: $(tail -n 5 "$work/$1.err")"
}

# ctl NET ARGUMENT...: sluicectl of that gateway.
ctl() {
    local net=$1
    shift
    "$sluicectl" --socket "$work/$net.sock" "$@"
}

# refuses NET WORDS ARGUMENT...: sluicectl of that gateway ends with 1 and a sentence that has these
# words; $work/err is what it says.
refuses() {
    local net=$1 words=$2 status=0
    shift 2
    ctl "$net" "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 1)) || fail "$*: ended with $status: $(cat "$work/err")"
    grep --quiet --fixed-strings -e "$words" "$work/err" || fail "$*: $(cat "$work/err")"
}

# refuses_to_start NET WORDS FLAG...: sluice ends with 75 and a sentence that has these words, which
# $work/err has. It has the flags of every gateway, too, but those of the ports.
refuses_to_start() {
    local net=$1 words=$2 status=0
    shift 2
    in_namespace "$net.gateway" timeout 20 "$sluice" "${address_flags[@]}" "${memory_flags[@]}" \
        --control-socket "$work/refused.sock" "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 75)) || fail "$*: exit code $status: $(cat "$work/out" "$work/err")"
    grep --quiet --fixed-strings -e "$words" "$work/err" || fail "$*: $(cat "$work/err")"
}

# counter NET NAME: a count or a drop reason, by its name.
counter() {
    ctl "$1" stats --json | "$python" "$here/stats.py" get "$2"
}

# counter_reaches NET NAME COUNT, for wait_for.
counter_reaches() {
    (($(counter "$1" "$2") >= $3))
}

# flow_count NET [FILTER...]
flow_count() {
    local net=$1
    shift
    ctl "$net" flows --count "$@"
}

# assert_accounts NET: every packet received or made is accounted for. Traffic must stand still; a
# packet may still be on its way through, so the sum is given a moment to come true.
assert_accounts() {
    wait_for 5 "the sum of $1: $(ctl "$1" stats --json | "$python" "$here/stats.py" sum || true)" \
        accounts "$1"
}

accounts() {
    ctl "$1" stats --json | "$python" "$here/stats.py" sum >/dev/null
}

# What a machine that others use too may add to a time, in milliseconds.
slack=${SLUICE_SLACK:-2000}

# assert_gap FILE MOST WHAT: the longest time without an answer that stream_gap.py has said there,
# in milliseconds.
assert_gap() {
    local gap
    gap=$(tail -n 1 "$1")
    ((gap <= $2)) || fail "$3: $gap ms without an answer; $2 is the most that it may take"
}

# assert_no_leak CAPTURE: no packet on the outside wire has an address from inside.
assert_no_leak() {
    local lines
    lines=$(captured "$1" net 10.1.0.0/24 | head -n 3)
    [[ -z $lines ]] || fail "an inside address on the outside wire: $lines"
}
