#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Checks a Promela model with Spin, for every order in which its processes can run.
#
# spin.sh holds|survey|fails MODEL [-DNAME ...]
#
# holds:  the search must have been complete and without an error.
# survey: no error in two minutes of a search that marks states in a bit table: for what is too
#         large to be searched completely at every commit.
# fails:  the search must end with an error: a mutation that goes unnoticed proves nothing.
set -euo pipefail

expected=$1
model=$(readlink -f "$2")
shift 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
spin -a "$@" "$model" > spin.log || { cat spin.log; exit 1; }

# States are kept as 64-bit hashes: of a hundred million, two have the same with a chance of 1 in
# 3000, and then one of them goes unsearched.
storage=(-DHC4 -DMEMLIM=6000)
search=(./pan -m100000 -w24)
if [[ $expected == survey ]]; then
    storage=(-DBITSTATE)
    search=(timeout -s INT 120 ./pan -m100000 -w31)
fi
# A mutation's error is found sooner than a compiler would make the search quick.
optimise=-O2
[[ $expected != fails ]] || optimise=-O0
"${CC_FOR_PAN:-gcc}" "$optimise" -w -DSAFETY "${storage[@]}" -o pan pan.c
"${search[@]}" > pan.log || true
grep -E 'states, stored|errors:|assertion viol|invalid end|depth too small' pan.log || true

case $expected in
    holds)
        grep -q 'errors: 0' pan.log || { echo "the protocol does not hold"; exit 1; }
        ! grep -qE 'Search not completed|depth too small' pan.log ||
            { echo "the search was not complete"; exit 1; } ;;
    survey)
        grep -q 'errors: 0' pan.log || { echo "the protocol does not hold"; exit 1; } ;;
    fails)
        grep -qE 'errors: [1-9]' pan.log || { echo "the mutation went unnoticed"; exit 1; } ;;
    *) echo "usage: spin.sh holds|survey|fails MODEL [-DNAME ...]" >&2; exit 2 ;;
esac
