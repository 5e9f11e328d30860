#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Packets that no flow explains: Linux forwards them with the address from inside, sluice drops
# each by name. The network is drawn in network.sh; here there are three side by side.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
# shellcheck source=tests/smoke/leak.sh
source "$here/leak.sh"

# The reason for each of stray_names.
reasons=(invalid_flags invalid_untracked_fin invalid_untracked_rst invalid_untracked_rst
    invalid_untracked_syn_ack invalid_flags invalid_flags)

# strays_leaked NET CAPTURE: how many of them left with the client's address.
strays_leaked() {
    local i leaked=0
    for i in "${!stray_names[@]}"; do
        [[ $(stray_source "$2" "$i") != "$client_address" ]] || leaked=$((leaked + 1))
    done
    echo "$leaked"
}

new_network linux
linux_gateway linux
start_server linux
start_capture linux.server eth0 "$work/linux.pcap"
for i in "${!stray_names[@]}"; do send_stray linux "$i"; done
mark linux "$work/linux.pcap"
leaked=$(strays_leaked linux "$work/linux.pcap")
((leaked == ${#stray_names[@]})) || fail "Linux leaked $leaked of ${#stray_names[@]}"
pass "Linux leaks $leaked of ${#stray_names[@]}"

for workers in 1 2; do
    net=sluice$workers
    new_network "$net"
    start_server "$net"
    start_sluice "$net" --workers "$workers"
    start_capture "$net.server" eth0 "$work/$net.pcap"
    for i in "${!stray_names[@]}"; do
        before=$(counter "$net" "${reasons[$i]}")
        send_stray "$net" "$i"
        wait_for 5 "${stray_names[$i]} dropped as ${reasons[$i]}" \
            counter_reaches "$net" "${reasons[$i]}" $((before + 1))
    done
    mark "$net" "$work/$net.pcap"
    for i in "${!stray_names[@]}"; do
        seen=$(stray_source "$work/$net.pcap" "$i")
        [[ $seen == - ]] || fail "${stray_names[$i]} left as $seen"
    done
    pass "sluice leaks 0 of ${#stray_names[@]} with $workers worker(s), each dropped by name"

    # A client that closes connections whose flow the gateway has lost.
    start_in "$net.client" "$python" "$here/hold_connections.py" 10 "$server_address" 80 \
        >"$work/hold"
    holder=$started_pid
    wait_for 10 "connections" grep --quiet open "$work/hold"
    (($(flow_count "$net" --proto tcp --state ESTABLISHED) == 10)) || fail "10 flows expected"
    ctl "$net" flows --delete --proto tcp >/dev/null
    before=$(counter "$net" invalid_untracked_fin)
    kill -USR1 "$holder"
    wait_for 10 "10 FINs dropped" counter_reaches "$net" invalid_untracked_fin $((before + 10))
    mark "$net" "$work/$net.pcap"

    before=$(counter "$net" invalid_flags)
    from_client "$net" nmap -sF -Pn -n -T5 --max-retries 0 --max-rtt-timeout 50ms --min-rate 500 \
        -p 1-100 "$server_address" >/dev/null
    wait_for 10 "a FIN scan dropped" counter_reaches "$net" invalid_flags $((before + 100))
    mark "$net" "$work/$net.pcap"
    assert_no_leak "$work/$net.pcap"
    pass "lost flows and a FIN scan leave nothing outside, $workers worker(s)"
    stop_sluice "$net"
done
