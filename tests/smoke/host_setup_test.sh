#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/host-setup over a tree that looks like a machine, with a driverctl and a modprobe that
# change that tree: it does what it says, does it once, puts it back, and refuses what would do
# harm. What the kernel itself does is for tests/vm.
set -euo pipefail
# shellcheck source=tests/smoke/processes.sh
source "$(dirname "$(readlink -f "$0")")/processes.sh"
host_setup=$(dirname "$(readlink -f "$0")")/../../scripts/host-setup
((EUID == 0)) || skip "it needs root"

readonly tree=$work/tree devices=$work/tree/sys/bus/pci/devices
readonly pages=$tree/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

# device ADDRESS CLASS DRIVER GROUP [INTERFACE [ON]]
device() {
    local at=$devices/$1 driver=$tree/sys/bus/pci/drivers/$3 group=$tree/sys/kernel/iommu_groups/$4
    mkdir -p "$at/${6:-}" "$driver" "$group/devices"
    echo "$2" >"$at/class"
    echo '(null)' >"$at/driver_override"
    ln -s "$driver" "$at/driver"
    ln -s "$group" "$at/iommu_group"
    ln -s "$at" "$group/devices/$1"
    [[ -n ${5:-} ]] || return 0
    mkdir -p "$tree/sys/class/net/$5"
    ln -s "$at/${6:-}" "$tree/sys/class/net/$5/device"
}

# new_tree: a machine with NICs of all kinds, and nothing prepared.
new_tree() {
    rm -rf "$tree"
    mkdir -p "$tree"/etc/{modules-load.d,tmpfiles.d,modprobe.d,driverctl.d,udev/rules.d,sysctl.d} \
        "$tree"/{proc/net,var/lib,sys/module} "${pages%/*}"
    echo 0 >"$pages"
    device 0000:03:00.0 0x020000 e1000e 1 eth1
    device 0000:03:00.1 0x020000 e1000e 2
    device 0000:04:00.0 0x020000 virtio-pci 3 eth0 virtio0
    device 0000:05:00.0 0x010601 ahci 4
    device 0000:06:00.0 0x020000 ice 4
    device 0000:07:00.0 0x020000 mlx5_core 5 eth5
    device 0000:08:00.0 0x020000 igb 6 eth6
    mkdir -p "$tree/sys/class/net/dummy0" "$tree/sys/class/net/eth6/upper_bond0"
    printf '%s\n' $'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask' \
        $'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000' \
        $'eth1\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF' >"$tree/proc/net/route"
    printf '%032d 00 %032d 00 %032d 00000400 00000001 00000000 00000003     eth1.7\n' 0 0 0 \
        >"$tree/proc/net/ipv6_route"
}

mkdir "$work/bin"
cat >"$work/bin/driverctl" <<END
#!/bin/sh
# driverctl set-override DEVICE DRIVER | unset-override DEVICE
echo "driverctl \$*" >>"$work/calls"
before=e1000e
rm "$devices/\$2/driver"
ln -s "$tree/sys/bus/pci/drivers/\${3:-\$before}" "$devices/\$2/driver"
if [ "\$1" = set-override ]; then echo "\$3" >"$tree/etc/driverctl.d/pci-\$2"
else rm "$tree/etc/driverctl.d/pci-\$2"; fi
END
cat >"$work/bin/modprobe" <<END
#!/bin/sh
echo "modprobe \$*" >>"$work/calls"
if [ "\$1" = -r ]; then rmdir "$tree/sys/module/\$(echo "\$2" | tr - _)"
else mkdir "$tree/sys/module/\$(echo "\$1" | tr - _)"; fi
END
chmod 755 "$work/bin"/*

# set_up ARGUMENT...: its words are in $work/out.
set_up() {
    PATH=$work/bin:$PATH "$host_setup" --root "$tree" "$@" >"$work/out" 2>&1
}

# state: of the whole tree, to be compared.
state() {
    (cd "$tree" && find . -printf '%p %l\n' | sort && find . -type f -print0 | sort -z |
        xargs -0 md5sum)
}

# refused STATUS SENTENCE ARGUMENT...: in so many words, with nothing changed.
refused() {
    local status=0 wanted=$1 sentence=$2
    shift 2
    state >"$work/before"
    set_up "$@" || status=$?
    ((status == wanted)) || fail "$*: ends with $status: $(cat "$work/out")"
    grep --quiet -F -e "$sentence" "$work/out" || fail "$*: no \"$sentence\": $(cat "$work/out")"
    (($(wc -l <"$work/out") == 1)) || fail "$*: more than a sentence: $(cat "$work/out")"
    state | cmp --quiet - "$work/before" || fail "$*: refused, and changes something"
}

new_tree
state >"$work/untouched"
refused 2 "nothing is asked for"
refused 2 "no option --huge" --huge 4
refused 2 "--hugepages many" --hugepages many
refused 2 "--hugepages wants a value" --hugepages
refused 2 "takes no other argument" --undo 0000:03:00.0
refused 1 "no PCI device 0000:09:00.0" 09:00.0
refused 1 "neither an interface nor a PCI device nosuch" nosuch
refused 1 "dummy0 is no interface of a PCI device" dummy0
refused 2 '"../eth1" is no NIC' ../eth1
refused 1 "0000:05:00.0 is no NIC: its class is 0x010601" 0000:05:00.0
refused 1 "0000:06:00.0 is in one IOMMU group with 0000:05:00.0" 0000:03:00.0 0000:06:00.0
refused 1 "is eth0, by which this machine's default route is" --hugepages 64 0000:04:00.0
refused 1 "is eth0, by which this machine's default route is" eth0
refused 1 "is eth0, by which" --default-route eth1 eth0
refused 1 "0000:08:00.0 is eth6, on which there is bond0" eth6
mkdir "$tree/sys/class/net/eth1/upper_eth1.7" # the default route of IPv6 is by this VLAN
refused 1 "0000:03:00.0 is eth1, by which this machine's default route is" 0000:03:00.0
rmdir "$tree/sys/class/net/eth1/upper_eth1.7"
mv "$tree/sys/kernel/iommu_groups" "$work/groups"
mkdir "$tree/sys/kernel/iommu_groups"
refused 1 "there is no IOMMU" 0000:03:00.0
echo >"$tree/var/lib/sluice" # nobody can write below a file
refused 1 "/var/lib/sluice/host-setup cannot be written" --hugepages 128
rm "$tree/var/lib/sluice"
set_up --no-iommu --dry-run 0000:03:00.0 || fail "--no-iommu: $(cat "$work/out")"
grep --quiet '^+ echo 1 >/sys/module/vfio/parameters/' "$work/out" ||
    fail "--no-iommu: $(cat "$work/out")"
rmdir "$tree/sys/kernel/iommu_groups"
mv "$work/groups" "$tree/sys/kernel/iommu_groups"
if PATH=$work/bin:$PATH setpriv --reuid 65534 --clear-groups "$host_setup" --root "$tree" \
    --hugepages 4 >"$work/out" 2>&1; then fail "anybody may change the machine"; fi
grep --quiet 'needs root' "$work/out" || fail "no rights: $(cat "$work/out")"
pass "what would do harm is refused in a sentence, and nothing is changed"

set_up --dry-run --hugepages 64 eth1 0000:03:00.1 || fail "--dry-run: $(cat "$work/out")"
state | cmp --quiet - "$work/untouched" || fail "--dry-run changes something"
grep '^+' "$work/out" >"$work/announced"
[[ ! -e $work/calls ]] || fail "--dry-run runs $(cat "$work/calls")"
set_up --hugepages 64 eth1 0000:03:00.1 || fail "set-up: $(cat "$work/out")"
grep '^+' "$work/out" | cmp --quiet - "$work/announced" || fail "does other than --dry-run says"
(($(<"$pages") == 64)) || fail "no hugepages"
for nic in 0000:03:00.0 0000:03:00.1; do
    [[ $(readlink "$devices/$nic/driver") == */vfio-pci ]] || fail "$nic is not bound"
done
grep --quiet "^w /sys/.*/hugepages-2048kB/nr_hugepages - - - - 64$" \
    "$tree/etc/tmpfiles.d/sluice-hugepages.conf" || fail "no hugepages at boot"
[[ $(<"$tree/etc/modules-load.d/sluice.conf") == vfio-pci ]] || fail "no vfio-pci at boot"
if type -P systemd-tmpfiles >/dev/null; then # as the next boot does
    echo 0 >"$pages"
    systemd-tmpfiles --root="$tree" --create sluice-hugepages.conf
    (($(<"$pages") == 64)) || fail "a boot reserves $(<"$pages") hugepages"
fi
pass "hugepages and NICs, now and at boot, by the commands that --dry-run shows"

state >"$work/prepared"
set_up --hugepages 64 eth1 0000:03:00.1 0000:07:00.0 || fail "twice: $(cat "$work/out")"
grep --quiet 'nothing to do' "$work/out" || fail "does it twice: $(cat "$work/out")"
state | cmp --quiet - "$work/prepared" || fail "the second run changes something"
set_up --hugepages 96 || fail "more hugepages: $(cat "$work/out")"
(($(<"$pages") == 96)) || fail "no more hugepages"
pass "a second run does nothing, and a NIC that the kernel shares stays"

mkdir -p "$tree/proc/77/fd"
ln -s /dev/vfio/1 "$tree/proc/77/fd/5"
state >"$work/prepared"
! set_up --undo || fail "takes a NIC from a process"
grep --quiet '0000:03:00.0 is in use' "$work/out" || fail "in use: $(cat "$work/out")"
state | cmp --quiet - "$work/prepared" || fail "half undone"
rm -r "$tree/proc/77"
set_up --undo || fail "--undo: $(cat "$work/out")"
state | diff "$work/untouched" - >&2 || fail "--undo does not put all back"
refused 0 "nothing to undo" --undo
pass "--undo puts all back, but never under a process that has the NIC"

# Without an IOMMU, on a kernel whose vfio wants one.
new_tree
rm -r "$tree/sys/kernel/iommu_groups"/* "$devices"/*/iommu_group
mkdir "$tree/boot"
echo '# CONFIG_VFIO_NOIOMMU is not set' >"$tree/boot/config-$(uname -r)"
state >"$work/untouched"
refused 1 "--no-iommu does without" eth1
rm "$work/calls"
set_up --no-iommu --dry-run eth1 || fail "--no-iommu --dry-run: $(cat "$work/out")"
state | cmp --quiet - "$work/untouched" || fail "--no-iommu --dry-run changes something"
grep '^+' "$work/out" >"$work/announced"
set_up --no-iommu eth1 || fail "--no-iommu: $(cat "$work/out")"
grep '^+' "$work/out" | cmp --quiet - "$work/announced" || fail "does other than --dry-run says"
[[ $(readlink "$devices/0000:03:00.0/driver") == */uio_pci_generic ]] || fail "uio has not got it"
[[ $(<"$tree/etc/modules-load.d/sluice.conf") == uio_pci_generic ]] || fail "no uio at boot"
! grep --quiet vfio "$work/calls" || fail "vfio is loaded for nothing: $(cat "$work/calls")"
state >"$work/prepared"
refused 0 "nothing to do" --no-iommu eth1
mkdir -p "$devices/0000:03:00.0/uio/uio3" "$tree/proc/77/fd"
ln -s /dev/uio3 "$tree/proc/77/fd/5"
! set_up --undo || fail "takes a NIC of uio from a process"
grep --quiet '0000:03:00.0 is in use' "$work/out" || fail "in use: $(cat "$work/out")"
rm -r "$tree/proc/77" "$devices/0000:03:00.0/uio"
state | cmp --quiet - "$work/prepared" || fail "half undone"
set_up --undo || fail "--undo: $(cat "$work/out")"
state | diff "$work/untouched" - >&2 || fail "--undo does not put all back"
pass "without an IOMMU: uio_pci_generic where vfio wants one"

# What somebody else has arranged for.
new_tree
echo 128 >"$pages"
echo 'vm.nr_hugepages = 128' >"$tree/etc/sysctl.d/80-hugepages.conf"
refused 0 "nothing to do" --hugepages 64
echo '# mine' >"$tree/etc/modules-load.d/sluice.conf"
! set_up eth1 || fail "overwrites a file that it has not written"
grep --quiet 'modules-load.d/sluice.conf is there with something else' "$work/out" ||
    fail "a file of somebody else's: $(cat "$work/out")"
[[ $(<"$tree/etc/modules-load.d/sluice.conf") == '# mine' ]] || fail "a file has changed"
pass "what others have reserved or written stays"
