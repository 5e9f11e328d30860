# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Processes and network namespaces that cannot outlive the script that sources this file.
#
# A namespace is held by one sleeping process and has no name in /run/netns, so it is gone when that
# process is. Every process started here dies with the script, however the script dies (parent death
# signal); what ends it in an orderly way also removes $work, the directory for everything else.

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

pass() {
    echo "ok: $*"
}

# Tests that cannot run here say why and are counted as skipped (meson's exit code for that is 77).
skip() {
    echo "SKIP: $*"
    exit 77
}

work=$(mktemp --directory /tmp/sluice.XXXXXX)
declare -A namespace_pid=() # name → the process that holds the namespace
started=()                  # pids of all that runs in the background

remove_all() {
    trap '' INT TERM
    local pid
    for pid in "${started[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for _ in {1..200}; do # sluice takes its files in /run/dpdk away when it is asked to end
        kill -0 "${started[@]}" 2>/dev/null || break
        sleep 0.01
    done
    for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap remove_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || fail "waited in vain: $what"
        sleep 0.02
    done
}

# in_namespace NAME COMMAND...
in_namespace() {
    local pid=${namespace_pid[$1]}
    shift
    nsenter --net="/proc/$pid/ns/net" -- "$@"
}

# start_in NAME COMMAND...: in the background; its pid is in $started_pid.
start_in() {
    local pid=${namespace_pid[$1]}
    shift
    setpriv --pdeathsig KILL nsenter --net="/proc/$pid/ns/net" -- "$@" &
    started_pid=$!
    started+=("$started_pid")
}

# end PID SIGNAL: waits for the process to be gone; answers with its exit code.
end() {
    local pid=$1 signal=$2 status=0
    kill -"$signal" "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || status=$?
    local rest=() other
    for other in "${started[@]}"; do [[ $other == "$pid" ]] || rest+=("$other"); done
    started=("${rest[@]}")
    return "$status"
}

holds_namespace() {
    [[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

# new_namespace NAME: with lo up and IPv6 off, so that nobody speaks unless asked to.
new_namespace() {
    setpriv --pdeathsig KILL unshare --net -- sleep infinity &
    namespace_pid[$1]=$!
    started+=("$!")
    wait_for 5 "namespace $1" holds_namespace "$!"
    in_namespace "$1" sysctl --quiet --write net.ipv6.conf.all.disable_ipv6=1 \
        net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.default.rp_filter=0
    in_namespace "$1" ip link set dev lo up
}

# connect NAME INTERFACE NAME INTERFACE: a cable between two namespaces, its offloads as Linux
# gives them.
connect() {
    in_namespace "$1" ip link add name "$2" type veth \
        peer name "$4" netns "${namespace_pid[$3]}"
    in_namespace "$1" ip link set dev "$2" up
    in_namespace "$3" ip link set dev "$4" up
}

# finish_frames NAME INTERFACE: what is sent there leaves as it would on a wire: with its checksums,
# and no larger than the MTU. For ports whose drivers take no other frames.
finish_frames() {
    in_namespace "$1" ethtool --offload "$2" tx off gso off tso off >/dev/null
}

# start_capture NAME INTERFACE FILE [FILTER]: of what the namespace receives there; live on return.
# The first $capture_bytes of each packet are kept.
capture_bytes=128
start_capture() {
    start_in "$1" tcpdump -i "$2" -nn -Q in -s "$capture_bytes" --immediate-mode -U -Z root \
        -w "$3" "${@:4}" 2>"$3.log"
    capture_pid=$started_pid
    wait_for 5 "capture on $2" grep -q 'listening on' "$3.log"
}

# captured FILE FILTER...: one line for each packet. The file may still be growing.
captured() {
    local file=$1
    shift
    tcpdump -nn -r "$file" "$@" 2>/dev/null || true
}

captured_count() {
    captured "$@" | wc -l
}
