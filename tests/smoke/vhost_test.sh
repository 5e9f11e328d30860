#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The port of a virtual machine's switch and that of its guest, each of two queue pairs: two
# gateways, one behind the other, by a socket of vhost-user.
#
#   front.client ─ front.gateway ═ net_virtio_user ═ net_vhost ═ back.gateway ─ back.server
#
# Neither device has RSS: each spreads by the queue by which a flow was sent last.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"
trap remove_all EXIT

new_network front
new_network back
head -c 1000000 /dev/urandom >"$work/file"
start_server back

for workers in 1 2 3; do
    socket=$work/vhost.$workers
    port_flags=(--lan "vdev:net_vhost0,iface=$socket,queues=2" --wan af_packet:wan)
    address_flags=(--lan-address 198.18.0.2/24 --wan-address 198.51.100.1/24
        --gateway 198.51.100.254)
    start_sluice back --workers "$workers"
    port_flags=(--lan af_packet:lan
        --wan "vdev:net_virtio_user0,path=$socket,queues=2,queue_size=1024")
    address_flags=(--lan-address 10.1.0.1/24 --wan-address 198.18.0.1/24 --gateway 198.18.0.2)
    start_sluice front --workers "$workers"
    from_client front ping -q -c 5 -i 0.2 -W 5 "$server_address" >"$work/ping" ||
        fail "$workers workers: ping: $(cat "$work/ping")"
    grep --quiet ' 5 received' "$work/ping" || fail "$workers workers: $(cat "$work/ping")"
    from_client front ping -q -c 2 -s 60000 -W 5 "$server_address" >"$work/ping" ||
        fail "$workers workers: ping -s 60000: $(cat "$work/ping")"
    download front 10
    answered=$(from_client front "$python" "$here/../vm/ask.py" "$client_address" \
        "$server_address" 200)
    ((answered == 200)) || fail "$workers workers: $answered of 200 flows were answered"
    assert_accounts front
    assert_accounts back
    stop_sluice front
    stop_sluice back
    pass "$workers workers: ping, ping -s 60000, a file, 200 flows"
done
