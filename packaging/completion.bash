# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Completes the flags and subcommands of sluice, sluicectl and sluice-bench, as their --help lists
# them: there is nothing to keep in step.

_sluice() {
    local program=$1 word=$2 before=$3 words help
    words=$("$program" --help 2>/dev/null) || return
    [[ $program != *sluice || $COMP_CWORD -ne 1 ]] || words+=$'\n  check  ' # told below the flags
    if [[ $program != *sluice && $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} != -* ]]; then
        help=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null) && words=$help
    elif [[ $before == --config || $before == --control-socket || $before == --socket ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W \
        "$(sed -nE 's/^  (-[a-z],)?(--[a-z-]+|[a-z]+) .*/\2/p' <<<"$words")" -- "$word")
}
complete -o default -F _sluice sluice sluicectl sluice-bench
