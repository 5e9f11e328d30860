# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# An emulated machine with two NICs between the client and the server of network.sh:
#
#      NET.client     tap ┌───────────────────────────────┐ tap     NET.server
#      eth0 ──────────────┤ 0000:00:03.0    0000:00:04.0  ├────────────── eth0
#                         │     vfio-pci, emulated IOMMU  │
#                         └───────────────────────────────┘
#
# QEMU without KVM: a proof that it works, and no measure of its speed. On a busy machine its timer
# is late, which the kernel is told not to mind (no_timer_check). A kernel that believes in fast
# `rep stosb` (erms) zeroes pages with it, which QEMU does byte by byte: 7 s for 1 GB; 3 without.
# One that then has fsrm alone does not boot.

# shellcheck source=tests/smoke/network.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../smoke/network.sh"
vm_here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

lan_nic=0000:00:03.0
wan_nic=0000:00:04.0

# The arguments of each model, and how many queues its taps have.
modern=disable-legacy=on,iommu_platform=on,ats=on
plain=virtio-net-pci,disable-legacy=on,csum=off,guest_csum=off,gso=off # frames as on a wire
declare -A model_arguments=(
    [e1000e]=e1000e
    [plain]=$plain # for the guest's own kernel
    [igb]=igb # of QEMU 8 and newer
    [vmxnet3]=vmxnet3
    [virtio]=virtio-net-pci,$modern
    [virtio-mq]=virtio-net-pci,$modern,mq=on,vectors=10 # the second with RSS, see boot
)
declare -A model_queues=([virtio-mq]=4)
# Two that go past the IOMMU, without a cable.
# shellcheck disable=SC2034 # for those who source this file
legacy_nic=0000:00:05.0 past_nic=0000:00:06.0
declare -A model_others=(
    [virtio]="-device virtio-net-pci,disable-modern=on,addr=5
        -device virtio-net-pci,disable-legacy=on,addr=6"
)

# The machine, as most tests have it.
machine_iommu=(-device "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on")
machine_memory=1024 # MB
machine_kernel='intel_iommu=on iommu=pt'

# find_qemu MODEL: one that has it.
find_qemu() {
    local model=${model_arguments[$1]%%,*} place status=0
    machine_qemu=(qemu-system-x86_64)
    ! has_model "$model" || return 0
    place=$("$vm_here/fetch_qemu") || status=$?
    ((status == 0)) || { echo "$place"; exit "$status"; }
    machine_qemu=("$place/usr/bin/qemu-system-x86_64"
        -L "$place/usr/share/qemu" -L "$place/usr/share/seabios")
    has_model "$model" || skip "this machine cannot run a QEMU that has $model"
}

# has_model MODEL: the answer alone tells, for it ends with 0 in any case.
has_model() {
    [[ -n $("${machine_qemu[@]}" -device "$1,help" 2>/dev/null) ]]
}

# make_guest: with the programs and scripts as they are now; skips the test where it cannot be made.
make_guest() {
    local status=0 part is_made=true
    for part in "$SLUICE" "$SLUICECTL" "$vm_here"/{build_guest,init,systemctl} \
        "$vm_here"/../../{scripts/host-setup,packaging/sluice.service}; do
        [[ ${GUEST:?}/initrd -nt $part ]] || is_made=false
    done
    [[ $is_made == false ]] || return 0
    bash "$vm_here/build_guest" "$SLUICE" "$SLUICECTL" "$GUEST" >"$work/guest.log" 2>&1 || status=$?
    ((status != 77)) || { cat "$work/guest.log"; exit 77; }
    ((status == 0)) || fail "the guest cannot be made: $(cat "$work/guest.log")"
}

# boot MODEL: with nets' namespaces vm.client and vm.server, whose eth0 are taps of the machine.
boot() {
    find_qemu "$1"
    local model=$1 i names=(client server) nics=() queues=${model_queues[$1]:-1} multi=()
    local arguments place
    [[ $model != igb ]] || lan_nic=0000:01:00.0 wan_nic=0000:02:00.0
    for i in client gateway server; do new_namespace "vm.$i"; done
    ((queues == 1)) || multi=(multi_queue)
    for i in 0 1; do
        in_namespace vm.gateway ip tuntap add dev "tap$i" mode tap vnet_hdr "${multi[@]}"
        in_namespace vm.gateway ip link set dev "tap$i" up
        arguments=${model_arguments[$model]}
        [[ $model$i != virtio-mq1 ]] || arguments+=,rss=on
        place=addr=$((i + 3))
        if [[ $model == igb ]]; then # its virtual functions want a bus that is theirs alone
            nics+=(-device "pcie-root-port,id=port$i,chassis=$i,$place")
            place=bus=port$i
        fi
        nics+=(-netdev "tap,id=n$i,ifname=tap$i,script=no,downscript=no,queues=$queues"
            -device "$arguments,netdev=n$i,mac=02:00:00:00:05:0$i,$place")
    done
    : >"$work/console.log"
    # shellcheck disable=SC2086 # words
    start_in vm.gateway "${machine_qemu[@]}" -machine q35,kernel-irqchip=split \
        -accel tcg,thread=multi -cpu max,-erms,-fsrm -smp 2 -m "$machine_memory" -nodefaults \
        -display none -no-reboot "${machine_iommu[@]}" \
        -serial "file:$work/console.log" \
        -chardev "socket,id=shell,path=$work/shell,server=on,wait=off" -serial chardev:shell \
        -chardev "socket,id=monitor,path=$work/monitor,server=on,wait=off" \
        -mon chardev=monitor \
        -kernel "$GUEST/vmlinuz" -initrd "$GUEST/initrd" \
        -append "console=ttyS0 quiet panic=-1 no_timer_check $machine_kernel" \
        "${nics[@]}" ${model_others[$model]-} \
        >"$work/qemu.log" 2>&1
    qemu_pid=$started_pid
    wait_for 30 "QEMU: $(cat "$work/qemu.log")" test -S "$work/shell"
    wait_for 120 "the guest: $work/console.log" has_booted
    kill -0 "$qemu_pid" 2>/dev/null || fail "QEMU has ended: $(cat "$work/qemu.log")"
    for i in 0 1; do # only now, for QEMU opens them by name
        in_namespace vm.gateway ip link set dev "tap$i" netns \
            "${namespace_pid[vm.${names[$i]}]}" name eth0
        in_namespace "vm.${names[$i]}" ip link set dev eth0 up
    done
    add_addresses vm
}

# has_booted: or never will.
has_booted() {
    grep --quiet 'guest: ready' "$work/console.log" || ! kill -0 "$qemu_pid" 2>/dev/null
}

# guest SECONDS SCRIPT
guest() {
    kill -0 "$qemu_pid" 2>/dev/null || fail "QEMU has ended: $(cat "$work/qemu.log")"
    "$python" "$vm_here/guest.py" shell "$work/shell" "$@"
}

# set_link n0|n1 on|off: the carrier of a NIC.
set_link() {
    "$python" "$vm_here/guest.py" monitor "$work/monitor" "set_link $1 $2"
}

# bind_nics: hugepages, and both NICs to vfio-pci.
bind_nics() {
    guest 60 "sluice-host-setup --hugepages 200 $lan_nic $wan_nic" >"$work/host-setup.log" ||
        fail "the NICs are not to be bound: $(cat "$work/host-setup.log")"
}

# unbind_nics: all that bind_nics has done.
unbind_nics() {
    guest 60 "sluice-host-setup --undo" >"$work/host-setup.log" ||
        fail "the NICs are not given back: $(cat "$work/host-setup.log")"
}

# follow PAGE FIRST LAST: the commands of a page of docs/, as they stand there.
follow() {
    local page=$vm_here/../../docs/$1 block place
    for ((block = $2; block <= $3; ++block)); do
        { read -r place; cat >"$work/block"; } < <("$python" "$vm_here/page.py" "$page" "$block")
        if [[ $place == client ]]; then
            from_client vm sh -e "$work/block" >"$work/followed.log" 2>&1 ||
                fail "$1, block $block: $(cat "$work/followed.log")"
        else
            guest 60 "set -e; $(cat "$work/block")" >"$work/followed.log" ||
                fail "$1, block $block: $(cat "$work/followed.log")"
        fi
    done
}

blocks_of() {
    "$python" "$vm_here/page.py" "$vm_here/../../docs/$1"
}

# add_addresses_again: to the interfaces that are eth0 now.
add_addresses_again() {
    in_namespace vm.client ip address flush dev eth0
    in_namespace vm.server ip address delete "$server_address/32" dev lo
    add_addresses vm
}

# swap_ends: the client is at the second NIC, and the server at the first.
swap_ends() {
    local nic=$lan_nic
    in_namespace vm.client ip link set dev eth0 netns "${namespace_pid[vm.server]}" name other
    in_namespace vm.server ip link set dev eth0 netns "${namespace_pid[vm.client]}"
    in_namespace vm.server ip link set dev other name eth0
    in_namespace vm.client ip link set dev eth0 up
    in_namespace vm.server ip link set dev eth0 up
    lan_nic=$wan_nic wan_nic=$nic
    add_addresses_again
}

# behind_switch NAME VLAN [INTERFACE=VLAN]: the cable to the machine becomes a trunk, of a switch of
# which eth0 is a port. Addresses are the caller's to add.
behind_switch() {
    in_namespace "$1" ip address flush dev eth0
    in_namespace "$1" ip link set dev eth0 down
    in_namespace "$1" ip link set dev eth0 name trunk
    in_namespace "$1" ip link set dev trunk up
    connect "$1" eth0 "$1" port
    start_in "$1" "$python" "$here/vlan_switch.py" trunk "port=$2" "${@:3}" \
        >"$work/$1.switch" 2>&1
    wait_for 10 "the switch of $1" grep --quiet '^switching' "$work/$1.switch"
}

# make_router: the trunk of the second NIC now leads to a router between client and server, as a
# cloud's network is one, with the gateway as the inside subnet's way to the world.
make_router() {
    new_namespace vm.router
    local name
    for name in vm.client vm.server; do
        in_namespace "$name" ip link set dev eth0 down
        in_namespace "$name" ip link set dev eth0 name unused
    done
    in_namespace vm.server ip link set dev trunk netns "${namespace_pid[vm.router]}" name gw
    connect vm.client eth0 vm.router in
    connect vm.router out vm.server eth0
    in_namespace vm.client ip address add "$client_address/24" dev eth0
    in_namespace vm.client ip route add default via 10.1.0.254
    in_namespace vm.router ip link set dev gw up
    in_namespace vm.router ip address add 10.1.0.254/24 dev in
    in_namespace vm.router ip address add "$next_hop/24" dev gw
    in_namespace vm.router ip address add 192.0.2.254/24 dev out
    in_namespace vm.router ip route add "$server_address" via 192.0.2.1
    in_namespace vm.router sysctl --quiet --write net.ipv4.ip_forward=1
    in_namespace vm.router ip route add default via "$public_address" table 100
    in_namespace vm.router ip rule add from 10.1.0.0/24 lookup 100
    in_namespace vm.server ip address add 192.0.2.1/24 dev eth0
    in_namespace vm.server ip route add 198.51.100.0/24 via 192.0.2.254
}

# What passes() fetches.
head -c 1000000 /dev/urandom >"$work/file"

is_answered() {
    from_client vm ping -q -c 1 -W 1 "$server_address" >/dev/null
}

# links_go_and_come: those of both NICs, one after the other.
links_go_and_come() {
    local nic
    for nic in n0 n1; do
        set_link "$nic" off
        set_link "$nic" on
        # An e1000e once had its link at once and answered after 30 s.
        wait_for 25 "an answer after $nic was down" is_answered
    done
    pass "links down and up"
}

# passes WHAT: real programs, through whatever the gateway now is.
passes() {
    wait_for 60 "an answer ($1)" is_answered
    from_client vm ping -q -c 5 -i 0.2 -W 5 "$server_address" >"$work/ping.log" ||
        fail "$1: ping: $(cat "$work/ping.log")"
    grep --quiet ' 5 received' "$work/ping.log" || fail "$1: ping: $(cat "$work/ping.log")"
    from_client vm ping -q -c 2 -s 60000 -W 10 "$server_address" >"$work/ping.log" ||
        fail "$1: ping -s 60000: $(cat "$work/ping.log")"
    from_client vm curl --silent --show-error --fail --max-time 60 --output "$work/got" \
        "http://$server_address/file" || fail "$1: curl"
    cmp --quiet "$work/file" "$work/got" || fail "$1: curl got another file"
    pass "$1: ping, ping -s 60000, curl"
}

# gateway_command FLAG...: of sluice in the guest. Its ports have these tags:
lan_tag='' wan_tag=''
gateway_command() {
    echo "sluice --lan pci:$lan_nic$lan_tag --wan pci:$wan_nic$wan_tag \
        --lan-address 10.1.0.1/24 --wan-address 198.51.100.1/24 \
        --gateway 198.51.100.254 --flows 4096 $*"
}

# start_gateway FLAG...: returns when it is ready, which must be within so many seconds:
ready_within=60
start_gateway() {
    guest 10 "rm -f /tmp/sluice.pid /tmp/sluice.status
        (sh -c 'echo \$\$ >/tmp/sluice.pid
            exec $(gateway_command "$@")' \
            >/tmp/sluice.log 2>&1
        echo \$? >/tmp/sluice.status) &"
    wait_for "$ready_within" "sluice: ready ($*)" has_started
    guest 10 "grep -q '^sluice: ready' /tmp/sluice.log" || fail "sluice $*: $(gateway_log)"
}

# refuses NIC WHY: as the inside port, at its start.
refuses() {
    local status=0
    guest 60 "timeout 50 sluice --lan pci:$1 --wan pci:$wan_nic --lan-address 10.1.0.1/24 \
        --wan-address 198.51.100.1/24 --gateway 198.51.100.254 --flows 4096" \
        >"$work/refused.log" || status=$?
    ((status == 75)) || fail "$1: it ends with $status: $(cat "$work/refused.log")"
    grep --quiet "^sluice: --lan pci:$1: .*$2" "$work/refused.log" ||
        fail "$1: $(cat "$work/refused.log")"
}

has_started() {
    guest 10 "grep -q '^sluice: ready' /tmp/sluice.log || [ -e /tmp/sluice.status ]"
}

# start_and_stop COUNT: so often in a row, each time ready and ended with 0. The guest waits by
# itself: it has no time for questions.
start_and_stop() {
    guest 300 "i=0
        while [ \$i -lt $1 ]; do
            i=\$((i + 1))
            rm -f /tmp/sluice.log
            $(gateway_command) >/tmp/sluice.log 2>&1 &
            pid=\$!
            turns=0
            until grep -qs '^sluice: ready' /tmp/sluice.log || [ ! -e /proc/\$pid ] ||
                [ \$turns -ge 600 ]; do
                usleep 100000
                turns=\$((turns + 1))
            done
            grep -q '^sluice: ready' /tmp/sluice.log && kill -TERM \$pid && wait \$pid ||
                { echo \"start \$i:\"; cat /tmp/sluice.log; exit 1; }
        done" >"$work/starts.log" || fail "of $1 starts in a row: $(cat "$work/starts.log")"
}

gateway_log() {
    guest 10 "cat /tmp/sluice.log"
}

is_gone() {
    guest 10 "[ -e /tmp/sluice.status ]"
}

# stop_gateway SIGNAL: with TERM it must end by itself, with exit code 0.
stop_gateway() {
    local status
    guest 10 "kill -$1 \$(cat /tmp/sluice.pid)"
    wait_for 30 "the end of sluice" is_gone
    status=$(guest 10 "cat /tmp/sluice.status")
    [[ $1 != TERM ]] || ((status == 0)) || fail "sluice ended with $status: $(gateway_log)"
}

# left_behind: what a gateway that has ended could have left in the guest.
left_behind() {
    guest 20 "cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages
        ls /run /run/dpdk /dev/hugepages /dev/shm /tmp 2>/dev/null
        ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c vfio || true"
}

# gateway_counter NAME: a count or a drop reason.
gateway_counter() {
    guest 10 "sluicectl stats --json" | "$python" "$here/stats.py" get "$1"
}

# Has QEMU itself crashed? No guest may bring it to that, so this says nothing of sluice.
qemu_has_crashed() {
    local status=0
    ! kill -0 "$qemu_pid" 2>/dev/null || return 1
    wait "$qemu_pid" 2>/dev/null || status=$?
    ((status == 128 + 11 || status == 128 + 6)) # SIGSEGV, SIGABRT
}

# keep_logs NAME ARGUMENT...: on failure the logs stay: the guest's console, QEMU's, sluice's and
# its counters. A test whose QEMU has crashed begins anew, with its arguments, once.
keep_logs() {
    local status=$?
    if ((status != 0 && status != 77)); then
        local kept=${SLUICE_VM_LOGS:-/tmp}/sluice-vm-$1
        rm -rf "$kept"
        mkdir -p "$kept"
        timeout 20 "$python" "$vm_here/guest.py" shell "$work/shell" 10 \
            "cat /tmp/sluice.log; sluicectl stats; dmesg | tail -n 50" \
            >"$kept/gateway.log" 2>&1 || true
        cp "$work"/*.log "$kept/" 2>/dev/null || true
        echo "the logs are in $kept" >&2
        if [[ -n ${qemu_pid-} && -z ${SLUICE_VM_AGAIN-} ]] && qemu_has_crashed; then
            echo "QEMU itself has crashed: once more" >&2
            remove_all
            trap - INT TERM # which remove_all ignores
            SLUICE_VM_AGAIN=yes exec "$0" "${@:2}"
        fi
    fi
    remove_all
    exit "$status"
}
