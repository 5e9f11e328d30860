#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Bad command lines: one sentence that names the flag, nothing left behind; exit code 2 where the
# line can never work, 75 where the machine might yet come to what it names. The ports of the good
# part exist, so each line is bad for its own reason only. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

# The flag that the sentence must name | what is added to, or put in place of, a good command line.
rows=(
    "--lan | --lan="
    "--lan | --lan=eth9"
    "--wan | --wan=bogus:wan"
    "--lan-address | --lan-address=10.1.0.1"
    "--lan-address | --lan-address=10.1.0.300/24"
    "--lan-address | --lan-address=10.1.0.1/33"
    "--wan-address | --wan-address=198.51.100.1/x"
    "--wan-address | --wan-address=10.1.0.7/24"
    "--gateway | --gateway=198.51.101.254"
    "--gateway | --gateway=198.51.100.1"
    "--gateway | --gateway=nowhere"
    "--pool | --pool=198.51.100.4-198.51.100.1"
    "--pool | --pool=10.1.0.5"
    "--inside | --inside=10.1.0.0/99"
    "--route | --route=10.9.0.0/16"
    "--workers | --workers=0"
    "--workers | --workers=x"
    "--workers | --workers=100000"
    "--worker-cores | --worker-cores=99999"
    "--control-core | --control-core=99999"
    "--flows | --flows=0"
    "--flows | --flows=99999999999"
    "--idle | --idle=lazy"
    "--memory | --memory=1"
    "--memory | --memory=16"
    "--stats-interval | --stats-interval=-1"
    "--icmp-rate | --icmp-rate=-5"
    "--verify-checksum | --verify-checksum=perhaps"
    "--timeout-udp | --timeout-udp=soon"
    "--control-socket | --control-socket=relative.sock"
    "--http | --http=gateway:9100"
    "--http | --http=192.0.2.1:0"
    "--config | --config=/nonexistent/sluice.conf"
    "--state-mismatch | --state-mismatch=perhaps"
    "--config | --config=/dev/zero"
    "--config | --config=/tmp"
    "--nonsense | --nonsense=1"
)
not_ready=(
    "--state | --state=/nonexistent/flows"
    "--lan | --lan=af_packet:nosuch"
    "--wan | --wan=af_xdp:nosuch"
    "--wan | --wan=pci:ffff:ff:1f.7"
    "--flows | --flows=268435456"
    "--memory | --memory=50"
    "--control-socket | --control-socket=/nonexistent/sluice.sock"
    "--http | --http=192.0.2.99:9100"
)

new_network bad
good=("${port_flags[@]}" "${address_flags[@]}" "${memory_flags[@]}" --control-socket "$work/sock")

# command_line FLAG...: the good one, less the flags that are given again here.
command_line() {
    local i flag
    line=()
    for ((i = 0; i < ${#good[@]}; ++i)); do
        flag=${good[$i]}
        [[ $flag != --no-huge ]] || { line+=("$flag"); continue; }
        [[ "$1" == "$flag="* ]] || line+=("$flag" "${good[$i + 1]}")
        i=$((i + 1))
    done
    line+=("$1")
}

# Of its own, for other instances on this machine come and go meanwhile.
export RUNTIME_DIRECTORY=$work/run
mkdir "$RUNTIME_DIRECTORY"

left_in_dpdk() {
    find "$RUNTIME_DIRECTORY/dpdk" -mindepth 1 2>/dev/null || true
}

# refused CODE ROW: sluice refuses the line of the row as it should.
refused() {
    local code=$1 row=$2 status=0
    local flag=${row%% |*} value=${row##*=}
    command_line "${row##*| }"
    in_namespace bad.gateway timeout 20 "$sluice" "${line[@]}" >"$work/out" 2>"$work/err" ||
        status=$?
    ((status == code)) || fail "${row##*| }: exit code $status, $(cat "$work/err")"
    (($(wc -l <"$work/err") == 1)) || fail "${row##*| }: not one sentence: $(cat "$work/err")"
    grep --quiet --fixed-strings -e "$flag" "$work/err" ||
        fail "${row##*| }: the flag is not named: $(cat "$work/err")"
    grep --quiet --fixed-strings -e "$value" "$work/err" ||
        fail "${row##*| }: the value is not named: $(cat "$work/err")"
    [[ ! -s $work/out ]] || fail "${row##*| }: said on stdout: $(cat "$work/out")"
    [[ -z $(left_in_dpdk) ]] || fail "${row##*| }: left $(left_in_dpdk)"
    [[ ! -e $work/sock ]] || fail "${row##*| }: left its socket"
    pass "$(cat "$work/err")"
}

for row in "${rows[@]}"; do refused 2 "$row"; done
for row in "${not_ready[@]}"; do refused 75 "$row"; done

printf 'flows = 1024\nno-such-key = 1\n' >"$work/sluice.conf"
status=0
in_namespace bad.gateway timeout 20 "$sluice" "${good[@]}" --config "$work/sluice.conf" \
    >"$work/out" 2>"$work/err" || status=$?
((status == 2)) || fail "an unknown key: exit code $status"
grep --quiet no-such-key "$work/err" || fail "an unknown key is not named: $(cat "$work/err")"
pass "$(cat "$work/err")"

# said_by COMMAND...: the one sentence by which it refuses, with exit code 1, 2 or 75.
said_by() {
    local status=0
    in_namespace bad.gateway timeout 20 "$@" >"$work/out" 2>"$work/err" || status=$?
    ((status == 1 || status == 2 || status == 75)) || fail "$*: exit code $status"
    (($(wc -l <"$work/err") == 1)) || fail "$*: not one sentence: $(cat "$work/err")"
    cat "$work/err"
}
# says WORDS COMMAND...
says() {
    local words=$1 sentence
    shift
    sentence=$(said_by "$@")
    [[ $sentence == *"$words"* ]] || fail "$*: $sentence"
    pass "$sentence"
}
says "--config: it is there twice" "$sluice" --config "$work/sluice.conf" --config "$work/sock"
touch "$work/sock.address-key" # a start before may have drawn one
chmod 644 "$work/sock.address-key"
says "--control-socket $work/sock: $work/sock.address-key" "$sluice" "${good[@]}"
rm "$work/sock.address-key"
says "flosw: there is no such subcommand" "$sluicectl" flosw
says "chekc: there is no such subcommand" "$sluicectl" config chekc
says "$work/sluice.conf is no socket" "$sluicectl" --socket "$work/sluice.conf" stats

# What is too large for the memory that the process may have: its configuration file to begin with.
head --bytes 12M < <(yes '# nothing') >"$work/sluice.conf"

# lacks_memory CODE COMMAND...: it says so in one sentence, and ends with this code.
lacks_memory() {
    local code=$1 status=0
    shift
    (ulimit -d 16000 && exec "$@") >"$work/out" 2>"$work/err" || status=$?
    ((status == code)) || fail "$*: exit code $status without memory: $(cat "$work/err")"
    (($(wc -l <"$work/err") == 1)) || fail "$*: not one sentence: $(cat "$work/err")"
    grep --quiet 'not enough memory' "$work/err" || fail "$*: $(cat "$work/err")"
    pass "$(cat "$work/err")"
}

lacks_memory 75 "$sluice" --config "$work/sluice.conf"
lacks_memory 1 "$sluicectl" config check "$work/sluice.conf"
