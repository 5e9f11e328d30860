#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What only one may have: an interface, which a second instance is refused, and an address, which
# the kernel may still hold; and the interface by which this machine is reached.
# The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

# refused SENTENCE FLAG...
refused() {
    refuses_to_start one "$@"
    pass "$(cat "$work/err")"
}

new_network one
start_server one
start_sluice one
pid=${sluice_pid[one]}
another="another instance of sluice (process $pid) has interface"
refused "--lan af_packet:lan: $another lan" --lan af_packet:lan --wan vdev:net_null0
refused "--wan af_packet:wan: $another wan" --lan vdev:net_null0 --wan af_packet:wan
in_namespace one.gateway ip link property add dev wan altname uplink
refused "--wan af_packet:uplink: $another wan" --lan vdev:net_null0 --wan af_packet:uplink
[[ $(seen_by_http one) == "$public_address":* ]] || fail "the first instance fell"

end "$pid" KILL || true
start_sluice one
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding after kill -9"
stop_sluice one
pass "what a killed instance had is free"

in_namespace one.gateway ip address add "$public_address/24" dev wan
refused "\`ip address delete $public_address/24 dev wan\` takes it away" "${port_flags[@]}"
in_namespace one.gateway ip address delete "$public_address/24" dev wan # as it says
in_namespace one.gateway ip address add 10.1.0.1/32 dev lo              # answered for on every port
refused "--lan-address 10.1.0.1: the kernel has this address on lo" "${port_flags[@]}"
in_namespace one.gateway ip address delete 10.1.0.1/32 dev lo
start_sluice one
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding when the kernel has let go"
stop_sluice one

in_namespace one.gateway ip address add 198.51.100.77/24 dev wan
in_namespace one.gateway ip route add default via "$next_hop" dev wan
refused "wan carries this machine's default route" "${port_flags[@]}"
refused "start with --force" --lan vdev:net_null0 --wan af_packet:uplink
start_sluice one --force
[[ $(seen_by_http one) == "$public_address":* ]] || fail "no forwarding by force"
stop_sluice one
in_namespace one.gateway ip route delete default dev wan # as it says
start_sluice one
stop_sluice one
pass "the default route's interface is taken by force alone"

# Whoever starts it has come by SSH, and that is another way than the default route.
export SSH_CONNECTION="203.0.113.10 50000 198.51.100.77 22"
refused "wan has the address 198.51.100.77, by which you are logged in" "${port_flags[@]}"
start_sluice one --force
stop_sluice one
in_namespace one.gateway ip address delete 198.51.100.77/24 dev wan
start_sluice one
stop_sluice one
unset SSH_CONNECTION
pass "so is the one by which the operator is logged in"
