#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/pktgen over vhost-user, with the Pktgen-DPDK that $PKTGEN or the path names: packets come
# through both ways, those of ranges and those of files, of as many flows as were wanted.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
scripts=$here/../../scripts/pktgen
pktgen=$(type -P "${PKTGEN:-pktgen}") || { echo "SKIP: no Pktgen-DPDK: PKTGEN names it"; exit 77; }
(($(nproc) >= 2)) || { echo "SKIP: it needs two CPUs"; exit 77; }
free=$(awk '/^HugePages_Free/ {print $2}' /proc/meminfo)
((free >= 1300)) || { echo "SKIP: Pktgen needs 1300 hugepages, $free are free"; exit 77; }
work=$(mktemp -d)
sluice_pid=

end() {
    if [[ -n $sluice_pid ]]; then
        kill "$sluice_pid" 2>/dev/null && wait "$sluice_pid" || true
    fi
    rm -rf "$work" "/run/dpdk/pktgen-$$"
}
trap end EXIT

fail() {
    echo "not ok: $*"
    tail -n 16 "$work/sluice" "$work/pktgen" 2>/dev/null | sed 's/^/  /'
    exit 1
}

is_ready() {
    grep -q '^sluice: ready' "$work/sluice"
}

touch "$work/sluice"
SOCKETS=$work "$scripts/sluice-vhost" --no-huge >"$work/sluice" 2>&1 &
sluice_pid=$!
for _ in {1..300}; do
    if is_ready || ! kill -0 "$sluice_pid" 2>/dev/null; then break; fi
    sleep 0.1
done
is_ready || fail "sluice does not start"

export SLUICE_PKTGEN=$scripts OUTPUT=$work/rows FLOWS="1k files" FILE_FLOWS=40000 SIZES=64 \
    DIRECTIONS=both WARM=2 DURATION=2
ports=$(printf ' --vdev=net_virtio_user%s,queue_size=1024' "0,path=$work/lan.sock" \
    "1,path=$work/wan.sock")
"$scripts/packets" --flows 40000 "$work"
timeout 120 script -qefc "$pktgen --lcores 0@0,1@0 --no-pci --in-memory -m 512 \
    --single-file-segments --file-prefix pktgen-$$ $ports -- -P -m 1.[0-1] \
    -s 0:$work/lan.pcap -s 1:$work/wan.pcap -f $scripts/sweep.lua" /dev/null \
    </dev/null >"$work/pktgen" || fail "pktgen ends with $?"

cat "$work/rows"
(($(wc -l <"$work/rows") == 7)) || fail "not a head and two cases of three rows"
"$scripts/../bench" --pktgen "$work/rows" --output "$work" >/dev/null || fail "scripts/bench fails"
if grep '"unit": "packets/s"' "$work/rows" | grep -q '"value": 0,'; then
    fail "nothing comes through"
fi
flows=$("${SLUICECTL:-$here/../../build/app/sluicectl/sluicectl}" --socket "$work/control.sock" \
    flows --count)
((flows >= 40000 && flows <= 40000 + 1016)) || fail "$flows flows"  # some are of both
echo "ok: both ways"
