#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A port that goes down and comes back: its flows are kept, a transfer goes on. The network is
# drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

head --bytes=60M /dev/urandom >"$work/file"
sum=$(sha256sum <"$work/file")

is_reached() {
    from_client link ping -q -c 1 -W 1 "$server_address" >/dev/null
}

is_cut_off() {
    ! is_reached
}

new_network link
start_server link
start_sluice link
udp() {
    from_client link "$python" "$here/udp_client.py" "$client_address" "$server_address" 53 40001
}
before=$(udp)

for side in wan lan; do
    start_in link.client curl --silent --show-error --max-time 60 --limit-rate 20M \
        --output "$work/copy" "http://$server_address/file"
    transfer=$started_pid
    wait_for 10 "the transfer to begin" test -s "$work/copy"
    flow=$(ctl link flows --proto tcp --state ESTABLISHED | grep --only-matching 'sport=[0-9]*' |
        head -n 1)
    in_namespace link.gateway ip link set dev "$side" down
    wait_for 10 "$side to be down" is_cut_off
    (($(flow_count link --sport "${flow#sport=}") == 1)) || fail "the flow went with the link"
    in_namespace link.gateway ip link set dev "$side" up
    wait_for 20 "$side to be up again" is_reached
    end "$transfer" 0 || fail "the transfer broke off with $?"
    [[ $(sha256sum <"$work/copy") == "$sum" ]] || fail "the file arrived changed"
    rm "$work/copy"
    pass "$side down and up: the transfer went on in its flow"
done

[[ $(udp) == "$before" ]] || fail "the mapping changed from $before to $(udp)"
pass "the mapping of a UDP flow is the same"
stop_sluice link
