#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# How the programs are linked, read from their headers. Stack protection and checked copies are
# those of what reads requests and configurations.
set -euo pipefail
: "${SLUICE:?}" "${SLUICECTL:?}"

fail() {
    echo "$*" >&2
    exit 1
}

for program in "$SLUICE" "$SLUICECTL"; do
    name=$(basename "$program")
    header=$(readelf --wide --file-header --program-headers --dynamic "$program")
    grep -Eq 'Type: +DYN' <<<"$header" || fail "$name: its addresses are fixed"
    grep -q GNU_RELRO <<<"$header" || fail "$name: tables of functions can be written to"
    grep -Eq 'BIND_NOW|FLAGS_1.*NOW' <<<"$header" || fail "$name: functions are looked up late"
    grep -Eq 'GNU_STACK .* RW ' <<<"$header" || fail "$name: the stack can be code"
    # A program is all of these or none: no segment that can be written to can be run.
    ! grep -Eq 'LOAD .* RWE' <<<"$header" || fail "$name: code that can be written to"
    symbols=$(readelf --wide --dyn-syms "$program")
    grep -q __stack_chk_fail <<<"$symbols" || fail "$name: no protection of the stack"
done
symbols=$(readelf --wide --dyn-syms "$SLUICE")
grep -Eq '__[a-z]+_chk(@|$)' <<<"$symbols" || fail "sluice: unchecked copies"

# Of every module that reads what others have written, some function looks after its stack.
protected=$(objdump --disassemble --demangle --no-show-raw-insn "$SLUICE" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = $0 }
    /<__stack_chk_fail@plt>/ && match(name, /sluice::[a-z0-9_]+::/) {
        print substr(name, RSTART, RLENGTH)
    }' | sort --unique)
for module in app command config control flowlog gateway kernel listing state sync why; do
    grep --quiet "^sluice::$module::\$" <<<"$protected" || fail "sluice: $module: unprotected"
done
echo "position-independent, bound at the start, stack protected"
