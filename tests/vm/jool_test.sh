#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# sluice's NAT64 beside that of Jool, which runs in the guest: the same packets go through both, and
# what comes out is the same but for what docs/ipv6.md tells.
#
#      vm.client     ┌───────────────────────┐     vm.server
#      eth0 ─────────┤ Jool, Debian's kernel ├──────── eth0
#                    └───────────────────────┘
#      n64.client    ┌───────────────────────┐     n64.server
#      eth0 ─────────┤        sluice         ├──────── eth0
#                    └───────────────────────┘
#      2001:db8:1::/64                       198.51.100.0/24
#
# The ends' kernels have no addresses: all that is said there, jool/main.py says.
set -euo pipefail
# shellcheck source=tests/vm/machine.sh
source "$(dirname "$(readlink -f "$0")")/machine.sh"
trap 'keep_logs jool' EXIT

make_guest
status=0
jool=$("$vm_here/fetch_jool" 2>"$work/jool.log") || status=$?
((status != 77)) || { echo "$jool"; exit 77; }
((status == 0)) || fail "Jool: $(cat "$work/jool.log")"

# The guest's files, and Jool's beside them: the kernel unpacks one archive after the other.
mkdir -p "$work/guest/more/jool"
cp --no-dereference "$jool"/* "$work/guest/more/jool/"
(cd "$work/guest/more" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/guest/more.cpio"
cat "$GUEST/initrd" "$work/guest/more.cpio" >"$work/guest/initrd"
cp "$GUEST/vmlinuz" "$work/guest/"
GUEST=$work/guest

# shellcheck disable=SC2034 # for boot
{
    machine_iommu=()
    machine_memory=512
    machine_kernel=
}
boot plain
guest 60 "set -e
    modprobe virtio_pci
    modprobe virtio_net
    for module in dummy nf_defrag_ipv4 nf_defrag_ipv6 x_tables jool_common jool; do
        insmod /jool/\$module.ko
    done
    for setting in net/ipv4/ip_forward=1 net/ipv6/conf/all/forwarding=1 \
        net/ipv4/icmp_ratelimit=0 net/ipv6/icmp/ratelimit=0 \
        net/ipv4/icmp_msgs_per_sec=100000 net/ipv4/icmp_msgs_burst=100000; do
        echo \${setting#*=} >/proc/sys/\${setting%=*}
    done
    ip link set dev eth0 up
    ip link set dev eth1 up
    ip address add 198.51.100.1/24 dev eth1
    ip route add default via 198.51.100.254
    ip -6 address add 2001:db8:1::1/64 dev eth0
    ip link set dev dummy0 up
    ip route add 198.51.100.7 dev dummy0" >"$work/jool.log" ||
    fail "the guest's network: $(cat "$work/jool.log")"

new_network n64
for net in vm n64; do
    in_namespace "$net.client" ip address flush dev eth0
    in_namespace "$net.server" ip address flush dev eth0
    in_namespace "$net.server" ip address flush dev lo
    for end in client server; do
        in_namespace "$net.$end" ethtool --offload eth0 tx off gso off tso off gro off >/dev/null
    done
done

# jool WORD...: its program, in the guest.
jool() {
    guest 20 "LD_LIBRARY_PATH=/jool /jool/jool $*" >"$work/jool.log" ||
        fail "jool $*: $(cat "$work/jool.log")"
}

# The two gateways, as main.py takes them.
gateways=()
for net in vm n64; do
    macs=02:00:00:00:05:00,02:00:00:00:05:01
    [[ $net == vm ]] ||
        macs=$(hardware_address n64.gateway lan),$(hardware_address n64.gateway wan)
    gateways+=("${namespace_pid[$net.client]},${namespace_pid[$net.server]},$macs")
done

# compare PREFIX FLAG...: with FLAGs of main.py. What Jool does not translate it leaves to the
# guest's kernel, which loses it at an interface that leads nowhere.
compare() {
    local prefix=$1 protocol pid
    shift
    guest 20 "ip -6 route add $prefix dev dummy0" || fail "no route for $prefix"
    jool instance add --netfilter --pool6 "$prefix"
    for protocol in tcp udp icmp; do
        jool pool4 add "--$protocol" 198.51.100.7 10000-60000
    done
    start_in n64.gateway "$SLUICE" --lan af_packet:lan --wan af_packet:wan \
        --lan-address 10.1.0.1/24 --wan-address 198.51.100.1/24 --gateway 198.51.100.254 \
        --no-huge --flows 65536 --control-socket "$work/sock" --nat64 "$prefix" \
        --lan6 2001:db8:1::1/64 --tcp-loose 0 --icmp-rate 1000000 \
        --snat "198.18.0.0/16 -> 198.51.100.7 $rfc6146" >"$work/sluice.out" 2>"$work/sluice.log"
    pid=$started_pid
    wait_for 30 "sluice: $work/sluice.log" grep --quiet '^sluice: ready' "$work/sluice.out"
    "$python" "$vm_here/jool/main.py" --prefix "$prefix" "$@" "${gateways[@]}" ||
        fail "what comes out of sluice is not what comes out of Jool"
    end "$pid" TERM || fail "sluice ends with $?: $(cat "$work/sluice.log")"
    jool instance remove
}
rfc6146='mapping=endpoint-independent filtering=endpoint-independent'

compare 64:ff9b::/96 --named --drawn 1500
pass "named cases, and drawn ones"
# One of each other length.
for prefix in fd64:ff9b::/32 2001:db8:100::/40 2001:db8:122::/48 2001:db8:122:300::/56 \
    2001:db8:122:344::/64 2001:db8:122:344::/96; do
    compare "$prefix" --drawn 200
done
pass "prefixes of each length"
