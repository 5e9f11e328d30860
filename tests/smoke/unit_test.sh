#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The unit of systemd: well-formed, and as exposed as docs/security.md says, at most. It needs
# systemd's own judge, not a running systemd.
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
