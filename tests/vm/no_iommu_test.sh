#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# sluice on NICs of a machine without an IOMMU, whose hugepages are all of 1 GB. Debian's kernels
# have no vfio for such a machine, so uio_pci_generic drives them. The machine is drawn in
# machine.sh.
set -euo pipefail
# shellcheck source=tests/vm/machine.sh
source "$(dirname "$(readlink -f "$0")")/machine.sh"
trap 'keep_logs no-iommu' EXIT

# Of the emulated memory the pages of 1 GB are used, and hardly more.
readonly wanted_mb=7500
available_mb=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
((available_mb >= wanted_mb)) || skip "$available_mb MB are free, and it takes $wanted_mb"
make_guest

# shellcheck disable=SC2034 # for boot and start_gateway
{
    machine_iommu=()
    machine_memory=9216 # six whole GB above the first four, beside what the kernel has for itself
    machine_kernel='hugepagesz=1G hugepages=6'
    ready_within=150 # the guest's kernel zeroes six GB
}
boot e1000e
start_server vm
free_pages() {
    guest 10 "cat /sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages"
}
(($(free_pages) == 6)) || skip "the guest's kernel has $(free_pages) pages of 1 GB"

check() {
    guest 20 "sluice check --lan pci:$lan_nic --wan pci:$wan_nic --lan-address 10.1.0.1/24 \
        --wan-address 198.51.100.1/24 --gateway 198.51.100.254 --flows 4096" >"$work/check.log"
}
! check || fail "the check finds nothing: $(cat "$work/check.log")"
grep --quiet "there is no IOMMU;.*\`sluice-host-setup --no-iommu $lan_nic\`" "$work/check.log" ||
    fail "the check does not say what helps: $(cat "$work/check.log")"
! guest 20 "sluice-host-setup $lan_nic $wan_nic" >"$work/host-setup.log" ||
    fail "bound without an IOMMU, and without being told so"
grep --quiet 'there is no IOMMU' "$work/host-setup.log" || fail "$(cat "$work/host-setup.log")"
guest 60 "sluice-host-setup --no-iommu $lan_nic $wan_nic" >"$work/host-setup.log" ||
    fail "the NICs are not bound: $(cat "$work/host-setup.log")"
check || fail "something is in the way: $(cat "$work/check.log")"
pass "the check says what helps, and sluice-host-setup --no-iommu does it"

start_gateway
(($(free_pages) == 0)) || fail "$(free_pages) pages of 1 GB are left"
passes "uio_pci_generic, pages of 1 GB"
links_go_and_come
! guest 30 "sluice-host-setup --undo" >"$work/undo.log" || fail "NICs are taken from under sluice"
grep --quiet "$lan_nic is in use" "$work/undo.log" || fail "in use: $(cat "$work/undo.log")"
stop_gateway KILL # and the next start finds what it left
start_gateway --workers 2
passes "2 workers, after kill -9"
stop_gateway TERM
(($(free_pages) == 6)) || fail "$(free_pages) pages of 1 GB have been given back"

unbind_nics
guest 10 "! readlink /sys/bus/pci/drivers/uio_pci_generic/0000:* &&
    [ ! -e /sys/module/uio_pci_generic ] && [ ! -e /var/lib/sluice ] &&
    ! grep -r sluice /etc/modules-load.d /etc/udev" >/dev/null || fail "--undo leaves something"
pass "bound and given back by sluice-host-setup"
