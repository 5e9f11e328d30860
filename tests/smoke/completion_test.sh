#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# packaging/completion.bash: what is offered is what the programs' --help lists, and files where a
# flag takes one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
PATH=$(dirname "${SLUICE:?}"):$(dirname "${SLUICECTL:?}"):$PATH
# shellcheck source=packaging/completion.bash
source "$here/../../packaging/completion.bash"

# offered WORD...: for the last of the words of a command line.
offered() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _sluice "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[*]}"
}

# expect OFFERED WORD...
expect() {
    local wanted=$1 got
    shift
    got=$(offered "$@")
    [[ $got == "$wanted" ]] || { echo "FAIL: $*: \"$got\", not \"$wanted\"" >&2; exit 1; }
    echo "ok: $*: $wanted"
}

expect --lan-address sluice --lan-a
expect "--wan --wan-address --wan-twin" sluice --workers 2 --wan
expect check sluice ch
expect "$here/completion_test.sh" sluice --config "$here/completion_te"
expect flows sluicectl fl
expect --sport sluicectl flows --sp
expect "" sluice --no-such-flag
