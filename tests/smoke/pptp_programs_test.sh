#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# PPTP through the gateway by the programs that people use: two clients with pptp-linux, pptpd
# outside, each with calls of GRE that the programs make themselves. What stands on their links in
# the place of pppd, which needs a kernel with PPP, is pptp_link.py. The network is drawn in
# network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
PATH=$PATH:/usr/sbin
for tool in pptp pptpd; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done

net=ppp
frames=20
clients=(10.1.0.10 10.1.0.11)
declare -A speaker=() # client → the process that has its link

# start_pptpd NET: whose links answer.
start_pptpd() {
    printf '#!/bin/sh\nexec %s %s answer\n' "$python" "$here/pptp_link.py" >"$work/answer"
    chmod 755 "$work/answer"
    printf '%s\n' "option $work/options" 'localip 192.168.7.1' 'remoteip 192.168.7.10-19' \
        >"$work/pptpd.conf"
    : >"$work/options"
    start_in "$1.server" pptpd --fg --conf "$work/pptpd.conf" --listen "$server_address" \
        --ppp "$work/answer" --pidfile "$work/pptpd.pid" 2>"$work/pptpd.err"
    wait_for 10 "pptpd: $(cat "$work/pptpd.err")" \
        from_server "$1" sh -c 'ss -Hltn sport = 1723 | grep -q .'
}

# start_pptp NET CLIENT: each has a /run of its own, for by what is there all calls of a machine to
# one server share a connection.
start_pptp() {
    # shellcheck disable=SC2016  # the other shell's own
    start_in "$1.client" unshare --mount sh -c \
        'mount -t tmpfs tmpfs /run && mkdir /run/pptp && exec "$@"' sh \
        "$python" "$here/pptp_link.py" speak "$2" "$server_address" "$frames" \
        >"$work/$2.log" 2>&1
    speaker[$2]=$started_pid
}

# has_spoken CLIENT TIMES
has_spoken() {
    (($(grep --count --line-regexp "spoke $frames" "$work/$1.log") >= $2))
}

calls() {
    ctl "$net" flows --proto gre
}

# call_count_is COUNT
call_count_is() {
    (($(calls | grep --count '^gre ') == $1))
}

new_network "$net"
start_sluice "$net" --workers 2 --helper pptp --timeout-tcp-time-wait 3
start_capture "$net.server" eth0 "$work/$net.pcap"
start_pptpd "$net"
for client in "${clients[@]}"; do
    start_pptp "$net" "$client"
    wait_for 20 "a call of $client: $(cat "$work/$client.log")" has_spoken "$client" 1
    calls | grep --quiet "src=$client dst=$server_address srckey=.*\[ASSURED\]" ||
        fail "flows: $(calls)"
done
call_count_is 2 || fail "not two calls: $(calls)"
(($(counter "$net" flows_related) == 2)) || fail "calls that nobody has foretold: $(calls)"
pass "two clients of one server have calls at once, by pptp-linux and pptpd"

for client in "${clients[@]}"; do kill -USR1 "${speaker[$client]}"; done
for client in "${clients[@]}"; do
    wait_for 20 "more of $client: $(cat "$work/$client.log")" has_spoken "$client" 2
done
pass "both go on beside each other"

end "${speaker[${clients[0]}]}" TERM || true
wait_for 20 "the end of the first call: $(calls)" call_count_is 1
calls | grep --quiet "src=${clients[1]} " || fail "the wrong call has ended: $(calls)"
kill -USR1 "${speaker[${clients[1]}]}"
wait_for 20 "the other call" has_spoken "${clients[1]}" 3
end "${speaker[${clients[1]}]}" TERM || true
wait_for 20 "the end of the second call: $(calls)" call_count_is 0
pass "a call ends when its client hangs up, and the other one goes on"

assert_accounts "$net"
seen=$(captured_count "$work/$net.pcap" proto gre)
((seen >= frames * 4)) || fail "$seen packets of GRE on the outside wire"
assert_no_leak "$work/$net.pcap"
stop_sluice "$net"
