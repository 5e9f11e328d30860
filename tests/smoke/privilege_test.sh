#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a running sluice has given up: docs/security.md. All of it is read from the kernel, of every
# thread, while the gateway does its work.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

readonly network_only=$((1 << 12 | 1 << 13)) # CAP_NET_ADMIN, CAP_NET_RAW

# threads NET: "NAME PERMITTED EFFECTIVE NO_NEW_PRIVS FILTERS" of each thread.
threads() {
    local task
    for task in /proc/"${sluice_pid[$1]}"/task/*; do
        awk '/^Name:/ { name = $2 } /^CapPrm:/ { permitted = $2 } /^CapEff:/ { effective = $2 }
             /^NoNewPrivs:/ { none = $2 } /^Seccomp_filters:/ { filters = $2 }
             END { print name, permitted, effective, none, filters }' "$task/status"
    done
}

# assert_confined NET: every thread; one, the control core, may keep capabilities of the network.
assert_confined() {
    local name permitted effective none filters privileged=0
    while read -r name permitted effective none filters; do
        ((none == 1)) || fail "$name may gain privileges"
        ((filters >= 1)) || fail "$name may call what it likes"
        (((16#$permitted & ~network_only) == 0)) || fail "$name has capabilities: $permitted"
        ((16#$permitted == 16#$effective)) || fail "$name: $permitted, $effective"
        ((16#$permitted == 0)) || ((++privileged))
    done < <(threads "$1")
    ((privileged <= 1)) || fail "$privileged threads have capabilities: $(threads "$1")"
}

# has_filters NET PATTERN COUNT: threads of that name have so many filters.
has_filters() {
    threads "$1" | awk -v pattern="$2" -v count="$3" \
        '$1 ~ pattern { ++found; if ($5 < count) exit 1 } END { if (!found) exit 1 }'
}

new_network net
start_server net
start_sluice net --workers 2
[[ $(seen_by_http net) == "$public_address":* ]] || fail "no forwarding"
[[ $(ctl net flows) == *"src=10.1.0.10"* ]] || fail "no list of flows"
ctl net stats >/dev/null
assert_confined net
has_filters net '^rte-worker' 2 || has_filters net '^lcore-worker' 2 ||
    fail "a worker has no filter of its own: $(threads net)"
pass "no thread has more than it needs: $(threads net | wc -l) of them"

[[ -z $(find /run/dpdk/sluice-"${sluice_pid[net]}" -name 'dpdk_telemetry*' 2>/dev/null) ]] ||
    fail "there is a telemetry socket"
pass "no telemetry socket"

# A thread of the control socket has two filters: the process's and its own.
(($(threads net | awk '$5 >= 2' | wc -l) >= 2 + 9)) || fail "threads without a filter of their own"
pass "the control socket's threads have filters of their own"

# A list has threads of its own.
ctl net flows --count >/dev/null
! grep 'keeps more than it needs' "$work/net.out" || fail "something was not given up"
stop_sluice net
[[ ! -e $work/net.sock ]] || fail "left its control socket"
pass "it can still clean up after itself"

# As the unit starts it: a user of its own, with the capabilities of the unit.
install -m 755 "$sluice" "$work/sluice.bin"
cat >"$work/sluice" <<END
#!/bin/bash
RUNTIME_DIRECTORY=$work exec setpriv --reuid nobody --regid nogroup --clear-groups \\
    --bounding-set -all,+net_admin,+net_raw --inh-caps -all,+net_admin,+net_raw \\
    --ambient-caps -all,+net_admin,+net_raw "$work/sluice.bin" "\$@"
END
chmod 755 "$work/sluice"
chown nobody "$work"
rm "$work/net.sock.address-key" # root's
as_root=$sluice
sluice=$work/sluice
in_namespace net.gateway ip link set dev lo up
start_sluice net --workers 2 --http 9100
metrics=$(in_namespace net.gateway curl --silent --fail --max-time 10 http://127.0.0.1:9100/metrics)
grep --quiet '^sluice_build_info' <<<"$metrics" || fail "--http as a user"
[[ $(seen_by_http net) == "$public_address":* ]] || fail "no forwarding as a user"
[[ $(ctl net flows) == *"src=10.1.0.10"* ]] || fail "no list of flows as a user"
assert_confined net
[[ $(stat -c %U /proc/"${sluice_pid[net]}") == nobody ]] || fail "it runs as another"
stop_sluice net
[[ ! -e $work/net.sock && ! -e $work/dpdk/sluice-${sluice_pid[net]} ]] || fail "left something"
sluice=$as_root
chown root "$work"
rm "$work/net.sock.address-key" # its own
pass "a user of its own forwards, with two capabilities at the start"

start_sluice net --confine 0
(($(threads net | awk '$5 == 0' | wc -l) >= 2)) || fail "--confine 0 confines"
stop_sluice net
pass "--confine 0 keeps all"
