#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The unit of systemd: well-formed, and as exposed as docs/security.md says, at most; its drop-ins
# do what they say. It needs systemd's own judge, not a running systemd.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
readonly unit=$here/../../packaging/sluice.service
readonly most=20 # tenths

command -v systemd-analyze >/dev/null || { echo "skipped: there is no systemd-analyze"; exit 77; }
judged=$(systemd-analyze security --no-pager --offline=true "$unit")
exposure=$(sed -nE 's/.*Overall exposure level for [^:]*: ([0-9]+)\.([0-9]).*/\1\2/p' <<<"$judged")
[[ -n $exposure ]] || { echo "no judgement: $judged" >&2; exit 1; }
if ((10#$exposure > most)); then
    grep '✗' <<<"$judged" >&2
    echo "the unit's exposure is $exposure tenths, $most at most" >&2
    exit 1
fi
echo "exposure: $exposure tenths"

# With each drop-in the judge sees one thing more that is let in, and systemd knows all its words.
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
cp "$unit" "$work/"
sed -i 's|/usr/s\{0,1\}bin/[a-z]*|/bin/true|' "$work/sluice.service" # which is there
mkdir "$work/sluice.service.d"
for drop_in in bifurcated:char-infiniband_verbs http:'only localhost' \
    sync:'non-localhost entries' uio:'Service has raw I/O access'; do
    cp "$here/../../packaging/drop-ins/${drop_in%:*}.conf" "$work/sluice.service.d/"
    judged=$(systemd-analyze security --no-pager --offline=true "$work/sluice.service")
    grep --quiet -F "${drop_in#*:}" <<<"$judged" ||
        { echo "${drop_in%:*} lets nothing in" >&2; exit 1; }
    complaints=$(systemd-analyze verify "$work/sluice.service" 2>&1 |
        grep -F "$work/sluice.service" || true)
    [[ -z $complaints ]] || { echo "$complaints" >&2; exit 1; }
    rm "$work/sluice.service.d"/*
    echo "drop-in: ${drop_in%:*}"
done
