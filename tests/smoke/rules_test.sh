#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Several pools, and hosts without NAT, from flags and from a file. The network is drawn in
# network.sh; hosts from .16 on have a pool with few ports, .28 and .29 leave as they are.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

cat >"$work/rules.toml" <<'END'
inside = "10.1.0.0/24"
snat = ["10.1.0.16/28 -> 198.51.100.5,198.51.100.7:30000-30015"]
no-nat = "10.1.0.28/30"
on-exhaustion = "reject"
END

for workers in 1 2; do
    net=rules$workers
    new_network "$net"
    in_namespace "$net.server" ip route add 10.1.0.28/30 via 198.51.100.1
    start_server "$net"
    start_sluice "$net" --workers "$workers" --config "$work/rules.toml"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    for last in 10 15; do
        seen=$(seen_by_http "$net" "10.1.0.$last")
        [[ $seen =~ ^198\.51\.100\.1: ]] || fail "10.1.0.$last was seen as $seen"
    done
    for last in 16 20 27; do
        seen=$(seen_by_http "$net" "10.1.0.$last")
        [[ $seen =~ ^198\.51\.100\.[57]:300(0[0-9]|1[0-5])$ ]] ||
            fail "10.1.0.$last was seen as $seen"
    done
    pass "each host has an address and a port of its rule's pool, $workers worker(s)"

    before=$(counter "$net" flows_untranslated)
    for last in 28 29; do
        seen=$(seen_by_http "$net" "10.1.0.$last")
        [[ $seen =~ ^10\.1\.0\.$last: ]] || fail "10.1.0.$last was seen as $seen"
    done
    (($(counter "$net" flows_untranslated) == before + 2)) || fail "they are not counted"
    pass "hosts behind --no-nat are seen as they are, and counted"

    # 32 ports to this server and no more; ICMP ends the client's wait.
    status=0
    for port in {41001..41033}; do
        from_client "$net" "$python" "$here/udp_client.py" 10.1.0.20 "$server_address" 53 "$port" \
            >"$work/$net.udp" 2>&1 || status=$?
    done
    ((status != 0)) || fail "a 33rd flow was answered"
    (($(counter "$net" ports_exhausted) >= 1)) || fail "ports_exhausted was not counted"
    grep --quiet "has no free port toward $server_address:53 (udp)" "$work/$net.out" ||
        wait_for 5 "a line in the log" \
            grep --quiet "has no free port toward $server_address:53 (udp)" "$work/$net.out"
    ctl "$net" stats | grep --quiet --extended-regexp '^  198\.51\.100\.(5|7) +[1-9]' ||
        fail "sluicectl stats does not name the address"
    pass "the 33rd flow to a server is told that 32 ports are used, and so is the operator"

    mark "$net" "$work/$net.pcap"
    leaked=$(captured "$work/$net.pcap" net 10.1.0.0/24 and not net 10.1.0.28/30 | head -n 3)
    [[ -z $leaked ]] || fail "an inside address on the outside wire: $leaked"
    assert_accounts "$net"
    stop_sluice "$net"
done

# What is refused is told by rule, with its place in the file, and goes on over a reload.
net=denied
cat >"$work/denied.conf" <<'END'
inside = 10.1.0.0/24
deny = 10.1.0.0/24 udp 137-139
deny = 10.1.0.16/28 tcp 25
END
# has_refused PACKETS LINE: the first rule of the file, which stands there.
has_refused() {
    local rule="deny = 10\.1\.0\.0/24 udp 137-139 +$work/denied.conf:$2"
    ctl "$net" rules | grep --quiet --line-regexp --extended-regexp " +$1  $rule"
}
new_network "$net"
start_server "$net"
start_sluice "$net" --config "$work/denied.conf"
for port in 137 138; do
    ! from_client "$net" "$python" "$here/udp_client.py" "$client_address" "$server_address" \
        "$port" >/dev/null 2>&1 || fail "port $port was answered"
done
has_refused 2 2 || fail "sluicectl rules: $(ctl "$net" rules)"
{
    echo 'deny = 10.1.0.128/25'
    cat "$work/denied.conf"
} >"$work/denied.new"
mv "$work/denied.new" "$work/denied.conf"
ctl "$net" reload >"$work/reload" || fail "reload: $(cat "$work/reload")"
has_refused 2 3 || fail "after a reload: $(ctl "$net" rules)"
ctl "$net" rules --json | "$python" -c 'import json, sys
assert [rule["packets"] for rule in json.load(sys.stdin)] == [0, 2, 0]' || fail "JSON"
assert_accounts "$net"
stop_sluice "$net"
pass "what each denial has refused is told, with its place, also after a reload"
