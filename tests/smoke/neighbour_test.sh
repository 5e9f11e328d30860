#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What others on a link can do to what the gateway knows of it: forged questions take no places, a
# neighbour that answers keeps its address, and what the operator says of one needs no ARP. The
# network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

forger=02:00:00:00:00:66

# claim_is_counted NET, for wait_for: claims the client's address once more.
claim_is_counted() {
    from_client "$1" "$here/forge_arp.py" eth0 1 "$forger" "$client_address" -
    counter_reaches "$1" neighbour_conflicts 5
}

new_network link
start_server link
start_sluice link --neighbours 64
[[ $(seen_by_udp link) == "$public_address":* ]] || fail "no forwarding"

before=$(counter link arp_received)
from_client link "$here/forge_arp.py" eth0 200 "$forger" 10.1.0.50 "$lan_gateway"
wait_for 10 "200 forged questions" counter_reaches link arp_received $((before + 200))
for last in {11..29}; do # hosts that nothing has gone to yet
    [[ $(seen_by_http link "10.1.0.$last") == "$public_address":* ]] || fail "10.1.0.$last"
done
(($(counter link neighbours_evicted) == 0)) || fail "forged senders have pushed neighbours out"
(($(counter link neighbour_table_full) == 0)) || fail "forged senders have taken places"
pass "200 forged questions take none of 64 places"

wait_for 10 "a conflict over the client's address" claim_is_counted link
[[ $(seen_by_http link) == "$public_address":* ]] || fail "the client has lost its address"
(($(counter link neighbours_moved) == 0)) || fail "the client's address has moved"
grep --quiet "neighbour $client_address is at .*, and $forger claims to be it" "$work/link.out" ||
    fail "the log does not say who claims $client_address"
pass "a neighbour that answers keeps its address, and the log says who claims it"
assert_accounts link
stop_sluice link

# A host without ARP, which is named.
mac=$(hardware_address link.client eth0)
lan_mac=$(hardware_address link.gateway lan)
from_client link ip link set dev eth0 arp off # forgets all that was there
from_client link ip neigh replace "$lan_gateway" lladdr "$lan_mac" dev eth0 nud permanent
start_sluice link --neighbour "$client_address=$mac"
[[ $(seen_by_http link) == "$public_address":* ]] || fail "a named neighbour gets nothing"
pass "what is for a named neighbour goes to it without ARP"
stop_sluice link
