#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# sluice on a NIC of its own: nic_test.sh MODEL. The machine is drawn in machine.sh.
set -euo pipefail
model=$1
# shellcheck source=tests/vm/machine.sh
source "$(dirname "$(readlink -f "$0")")/machine.sh"
trap 'keep_logs "$model" "$model"' EXIT
make_guest

# all_answered COUNT: that many flows of UDP, each from a port of its own.
all_answered() {
    local answered
    answered=$(from_client vm "$python" "$vm_here/ask.py" "$client_address" "$server_address" "$1")
    ((answered == $1)) || fail "$answered of $1 flows were answered: $(gateway_log)"
}

# Frames whose checksums are wrong, of those that the gateway has sent.
wrong_checksums() {
    tcpdump -nn -vv -r "$1" ether src "$2" 2>/dev/null |
        grep --count --extended-regexp 'incorrect|bad cksum|bad udp|wrong icmp' || true
}

boot "$model"
start_server vm
# Where the kernel has a driver of the NICs, all begins as an operator would, by the page.
blocks=$(blocks_of bare-server.md)
if [[ $model == vmxnet3 ]]; then
    guest 20 "modprobe vmxnet3 && [ -e /sys/class/net/eth1 ]" || fail "no interfaces"
    follow bare-server.md 1 "$((blocks - 1))"
    pass "docs/bare-server.md says how"
else
    bind_nics
    start_gateway
fi
bind_nics
grep --quiet 'nothing to do' "$work/host-setup.log" ||
    fail "a second run binds again: $(cat "$work/host-setup.log")"
for side in client server; do # whole frames, for their checksums
    start_in "vm.$side" tcpdump -i eth0 -nn -Q in -s 0 -B 16384 -U -Z root \
        -w "$work/$side.pcap" ip 2>"$work/capture-$side.log"
    wait_for 5 "a capture" grep --quiet 'listening on' "$work/capture-$side.log"
done
passes "one worker"

# What Linux would leak: never tracked, and never to leave.
mac=$(from_client vm ip neighbour show 10.1.0.1 | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}')
for flags in fin rst fin,ack rst,ack; do
    send_packet vm.client --tcp --flags "$flags" --dest-mac "$mac" --source-port 33000 \
        --dest-port 7000 "$server_address"
done
mark vm "$work/server.pcap"
(($(captured_count "$work/server.pcap" tcp dst port 7000) == 0)) ||
    fail "an untracked FIN or RST left"
(($(captured_count "$work/server.pcap" net 10.1.0.0/24) == 0)) || fail "an inside address left"
pass "untracked FIN and RST: none on the wire"
for side in server:1 client:0; do
    wrong=$(wrong_checksums "$work/${side%:*}.pcap" "02:00:00:00:05:0${side#*:}")
    ((wrong == 0)) || fail "$wrong wrong checksums on the ${side%:*}'s wire"
done
pass "the checksums are right on both wires"

links_go_and_come
guest 30 "sluice-host-setup --undo" >"$work/undo.log" && fail "NICs are taken from under sluice"
grep --quiet "$lan_nic is in use" "$work/undo.log" || fail "in use: $(cat "$work/undo.log")"
if [[ $model == e1000e ]]; then
    refuses "$lan_nic" "another instance of sluice"
    is_answered || fail "a second instance disturbs the first"
    pass "a second instance on the same NICs is refused"
fi
# What a NIC does not do is said in one line: vmxnet3 verifies TCP and UDP, not IP; virtio is not
# told to verify, see offload_plan.
left="for speed: --lan pci:$lan_nic does not do all that NICs can: left to software: the checksums"
gateway_log >"$work/first.log"
if [[ $model != e1000e && $model != igb ]]; then
    (($(grep --count "$left of what arrives\$" "$work/first.log") == 1)) ||
        fail "what is left to software is not said: $(cat "$work/first.log")"
else
    ! grep 'left to software' "$work/first.log" || fail "$model is said to do less than it does"
fi
pass "what is left to software is said"
stop_gateway TERM

# Ordinary pages do behind an IOMMU, too.
for workers in 2 "3 --no-huge"; do
    # shellcheck disable=SC2086 # words
    start_gateway --workers $workers --steer-replies always
    passes "$workers workers"
    handed_over=$(gateway_counter handoff)
    all_answered 100
    handed_over=$(($(gateway_counter handoff) - handed_over))
    pass "$workers workers: 100 flows"
    # Where a NIC has RSS, replies come to the worker of their flow: a ping's and fragments do not.
    [[ $model != virtio-mq && $model != igb ]] || ((handed_over < 20)) ||
        fail "$handed_over were handed over"
    [[ $workers != 2 ]] || stop_gateway KILL # and the next start finds what it left
done
stop_gateway TERM

# The device spreads by itself what comes from outside: by the queue that a flow last left through.
if [[ $model == virtio-mq ]]; then
    swap_ends
    for workers in 2 3; do
        start_gateway --workers "$workers"
        wait_for 60 "an answer ($workers workers, outside without RSS)" is_answered
        from_client vm ping -q -c 20 -i 0.05 -W 5 "$server_address" >"$work/ping.log" ||
            fail "$workers workers, outside without RSS: ping: $(cat "$work/ping.log")"
        grep --quiet ' 20 received' "$work/ping.log" || fail "ping: $(cat "$work/ping.log")"
        all_answered 200
        stop_gateway TERM
        pass "$workers workers, outside without RSS: ping, 200 flows"
    done
    swap_ends
fi

# Nothing that one leaves behind is in the way of another.
if [[ $model == virtio ]]; then
    left=$(left_behind)
    start_and_stop 20
    start_gateway
    wait_for 30 "an answer after 20 starts" is_answered
    stop_gateway TERM
    [[ $(left_behind) == "$left" ]] || fail "left behind: $(left_behind); before: $left"
    pass "stopped and started 20 times"

    guest 60 "sluice-host-setup $legacy_nic $past_nic" >"$work/host-setup.log" ||
        fail "not bound: $(cat "$work/host-setup.log")"
    refuses "$legacy_nic" legacy
    refuses "$past_nic" 'past the IOMMU.*iommu_platform=on'
    guest 20 "sluice check --lan pci:$past_nic --wan pci:$wan_nic --lan-address 10.1.0.1/24 \
        --wan-address 198.51.100.1/24 --gateway 198.51.100.254 --flows 4096" \
        >"$work/check.log" && fail "the check finds nothing: $(cat "$work/check.log")"
    grep --quiet '^problem: .*past the IOMMU' "$work/check.log" ||
        fail "the check does not name it: $(cat "$work/check.log")"
    pass "virtio that goes past the IOMMU is refused by name"
fi

# The tags are the NIC's work, where it can.
connect vm.client far vm.server one-armed
behind_switch vm.client 10 far=4094
behind_switch vm.server 4094
add_addresses_again
lan_tag=,vlan=10 wan_tag=,vlan=4094
start_gateway
passes "a VLAN on each port"
stop_gateway TERM
guest 10 "grep -q '^sluice: stopped' /tmp/sluice.log" ||
    fail "no summary at the end: $(gateway_log)"
pass "killed and started, stopped"

# The server behind the client's switch, and one NIC for both.
if [[ $model == e1000e ]]; then
    in_namespace vm.server ip link set dev eth0 name unused
    in_namespace vm.server ip link set dev one-armed down
    in_namespace vm.server ip link set dev one-armed name eth0
    in_namespace vm.server ip address flush dev unused
    in_namespace vm.server ip link set dev eth0 up
    add_addresses_again
    two=$wan_nic wan_nic=$lan_nic
    start_gateway
    passes "one NIC for both sides"
    stop_gateway TERM
    wan_nic=$two
fi
if [[ $model == vmxnet3 ]]; then
    guest 60 "systemctl start sluice" >"$work/start.log" || fail "start: $(cat "$work/start.log")"
    follow bare-server.md "$blocks" "$blocks"
    guest 10 "[ -e /sys/class/net/eth0 ] && [ -e /sys/class/net/eth1 ]" ||
        fail "the kernel has not got its NICs back"
else
    unbind_nics
fi
guest 10 "! readlink /sys/bus/pci/drivers/vfio-pci/0000:* && [ ! -e /sys/module/vfio_pci ] &&
    grep -qx 0 /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages &&
    [ ! -e /var/lib/sluice ] && ! grep -r sluice /etc/modules-load.d /etc/tmpfiles.d /etc/udev" \
    >/dev/null || fail "--undo leaves something"
pass "bound and given back by sluice-host-setup"

# A machine of a cloud: its one NIC is the kernel's, towards a router that knows both sides.
[[ $model == virtio ]] || exit 0
blocks=$(blocks_of cloud-vm.md)
guest 20 "modprobe virtio_pci && modprobe virtio_net && modprobe tun && modprobe nf_tables
    ip link set dev eth1 name spare && ip link set dev eth0 name other
    ip link set dev spare name eth0 && ip link set dev eth0 up
    ip address add $public_address/24 dev eth0
    ip route add default via $next_hop && mkdir -p /tmp/pages && httpd -p 22 -h /tmp/pages" ||
    fail "the machine of a cloud"
make_router
follow cloud-vm.md 1 "$((blocks - 1))"
from_client vm ping -q -c 3 -i 0.2 -W 5 "$server_address" >/dev/null || fail "one NIC: no answer"
reached() { # by who does not come from inside
    in_namespace vm.server curl --silent --max-time 5 --output "$work/page" \
        "http://$public_address:22/"
}
reached || fail "one NIC: the machine itself is cut off"
pass "docs/cloud-vm.md says how"
follow cloud-vm.md "$blocks" "$blocks"
wait_for 10 "the machine by its own interface again" reached
pass "and how back"
