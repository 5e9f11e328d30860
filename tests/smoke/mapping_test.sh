#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Inside servers reached by public addresses, with real programs: a web server by its forwarded
# port, from outside and from inside; a host by an address of its own. The network is drawn in
# network.sh; the inside servers are on 10.1.0.20 and 10.1.0.21.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

own_address=198.51.100.30

# fetch HOST URL: from inside, or from outside where HOST is the server's address.
fetch() {
    local side=client
    [[ $1 == "$server_address" ]] && side=server
    in_namespace "$net.$side" curl --silent --show-error --fail --max-time 10 --interface "$1" "$2"
}

# peers_of LOG: the addresses that a web server saw since it was last asked.
peers_of() {
    sed --regexp-extended 's/ .*//' "$1" | sort --unique | tr '\n' ' '
    : >"$1"
}

# serve_pages LAST...: a web server on each inside host, which writes down who asks it.
serve_pages() {
    local last
    for last in "$@"; do
        mkdir --parents "$work/$net.$last"
        echo "page of 10.1.0.$last" >"$work/$net.$last/page"
        start_in "$net.client" "$python" -u -m http.server 80 --bind "10.1.0.$last" \
            --directory "$work/$net.$last" >/dev/null 2>>"$work/$net.$last.log"
        wait_for 10 "the web server on 10.1.0.$last" \
            fetch "$client_address" "http://10.1.0.$last/page" >/dev/null 2>&1
        : >"$work/$net.$last.log"
    done
}

for workers in 1 2; do
    net=mapping$workers
    new_network "$net"
    serve_pages 20 21
    start_server "$net"
    start_sluice "$net" --workers "$workers" \
        --forward "tcp $public_address:8080 -> 10.1.0.20:80" \
        --one-to-one "$own_address = 10.1.0.21"
    start_capture "$net.server" eth0 "$work/$net.pcap"

    page=$(fetch "$server_address" "http://$public_address:8080/page")
    [[ $page == 'page of 10.1.0.20' ]] || fail "from outside, by the forwarded port: $page"
    peers=$(peers_of "$work/$net.20.log")
    [[ $peers == "$server_address " ]] || fail "the web server saw $peers"
    pass "an inside web server is reached from outside by its forwarded port, $workers worker(s)"
    who=$(ctl "$net" who "$public_address:8080/tcp")
    for kind in flow forward; do
        grep --quiet "^10.1.0.20  *$kind " <<<"$who" || fail "who has the forward, $kind: $who"
    done
    ctl "$net" who "$own_address" | grep --quiet '^10.1.0.21  *one-to-one ' ||
        fail "who has $own_address: $(ctl "$net" who "$own_address")"
    pass "sluicectl who names the hosts behind it and behind an address of one to one"

    # An inside host has no route to the public address but by the gateway; the answer must take it
    # too, though both hosts are on one wire.
    page=$(fetch "$client_address" "http://$public_address:8080/page")
    [[ $page == 'page of 10.1.0.20' ]] || fail "from inside, by the forwarded port: $page"
    peers=$(peers_of "$work/$net.20.log")
    [[ $peers == "$public_address " ]] || fail "the web server saw $peers"
    pass "it is reached from inside by the same port, and sees a public address"

    page=$(fetch "$server_address" "http://$own_address/page")
    [[ $page == 'page of 10.1.0.21' ]] || fail "from outside, by its own address: $page"
    page=$(fetch "$client_address" "http://$own_address/page")
    [[ $page == 'page of 10.1.0.21' ]] || fail "from inside, by its own address: $page"
    seen=$(seen_by_http "$net" 10.1.0.21)
    [[ ${seen%:*} == "$own_address" ]] || fail "10.1.0.21 was seen as $seen"
    from_server "$net" ping -c 2 -i 0.2 -W 5 "$own_address" >/dev/null ||
        fail "$own_address does not answer pings from outside"
    pass "a host with an address of its own is reached by it, and seen by it"

    ! fetch "$server_address" "http://$public_address:8081/page" 2>/dev/null ||
        fail "a port that nobody holds answered"
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    assert_accounts "$net"
    (($(counter "$net" flows_inward) >= 3)) || fail "flows from outside were not counted"
    stop_sluice "$net"
done

# Ranges of ports, sources that are let in, prefixes, and hosts that are reached without NAT.
net=ranges
new_network "$net"
in_namespace "$net.server" ip route add 10.1.0.28/30 via "$public_address"
serve_pages 20 21 28
start_server "$net"
start_sluice "$net" --inside 10.1.0.0/24 --pool "$public_address" \
    --no-nat 10.1.0.28/30 --no-nat-inbound 1 \
    --forward "tcp $public_address:8075-8085 -> 10.1.0.20:75-85" \
    --forward "tcp $public_address:9000 -> 10.1.0.20:80 from $next_hop/32" \
    --one-to-one "198.51.100.64/29 = 10.1.0.16/29"

page=$(fetch "$server_address" "http://$public_address:8080/page")
[[ $page == 'page of 10.1.0.20' ]] || fail "by a port of a range: $page"
pass "a range of ports goes to a range of ports"

page=$(in_namespace "$net.server" curl --silent --show-error --fail --max-time 10 \
    --interface "$next_hop" "http://$public_address:9000/page")
[[ $page == 'page of 10.1.0.20' ]] || fail "from a source that is named: $page"
! in_namespace "$net.server" curl --silent --max-time 2 --interface "$server_address" \
    "http://$public_address:9000/page" >/dev/null || fail "a source that is not named is let in"
(($(counter "$net" filtered) >= 1)) || fail "what is not let in is not counted"
pass "a forward lets in the sources that it names"

page=$(fetch "$server_address" "http://198.51.100.69/page")
[[ $page == 'page of 10.1.0.21' ]] || fail "by an address of a prefix: $page"
seen=$(seen_by_http "$net" 10.1.0.22)
[[ ${seen%:*} == 198.51.100.70 ]] || fail "10.1.0.22 was seen as $seen"
pass "a prefix gives each host its address"

page=$(fetch "$server_address" "http://10.1.0.28/page")
[[ $page == 'page of 10.1.0.28' ]] || fail "without NAT: $page"
peers=$(peers_of "$work/$net.28.log")
[[ $peers == "$server_address " ]] || fail "the web server saw $peers"
assert_accounts "$net"
stop_sluice "$net"
pass "a host without NAT is reached by its own address, and tracked"
