#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A /32 outside, whose gateway is on the link and on no subnet, as clouds hand them out. The network
# is drawn in network.sh, but for the server's address.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

router=10.255.0.1

new_network onlink
in_namespace onlink.server ip address flush dev eth0
in_namespace onlink.server ip address add "$router/32" dev eth0
in_namespace onlink.server ip route add "$public_address/32" dev eth0
start_server onlink
address_flags=(--lan-address 10.1.0.1/24 --wan-address "$public_address/32"
    --gateway "$router onlink")
start_sluice onlink
from_client onlink ping -q -c 2 -i 0.2 -W 5 "$server_address" >"$work/ping" ||
    fail "ping: $(cat "$work/ping")"
[[ $(seen_by_http onlink) == "$public_address":* ]] || fail "HTTP"
from_server onlink ping -q -c 1 -W 5 "$public_address" >/dev/null || fail "ping of the gateway"
assert_accounts onlink
stop_sluice onlink
pass "a gateway that is on no subnet is reached, and reaches"
