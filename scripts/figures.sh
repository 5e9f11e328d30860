# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154
#
# What scripts that measure the real program print: the form of sluice-bench --json. Who sources it
# says in $bench, $flows and $workers what its figures are of.

# The median of lines.
median() {
    sort -g | awk '{value[NR] = $1} END {
        print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2}'
}

# report PROTO UNIT FILE [MOST]: one line for the rounds in the file, whose median is to be MOST at
# most.
report() {
    local value target=null reached=null
    value=$(median <"$3")
    if (($# > 3)); then
        target=$4
        reached=$(awk "BEGIN {print $value <= $target ? \"true\" : \"false\"}")
    fi
    printf '{"bench": "%s", "case": {"proto": "%s", "direction": "half", ' "$bench" "$1"
    printf '"order": "one by one", "burst": 1, "flows": %d, "workers": %d}, "value": %s, ' \
        "$flows" "$workers" "$value"
    printf '"unit": "%s", "min": %s, "max": %s, "rounds": %d, ' "$2" "$(sort -g "$3" | head -n 1)" \
        "$(sort -g "$3" | tail -n 1)" "$(wc -l <"$3")"
    printf '"peer": null, "ratio": null, "target": %s, "reached": %s}\n' "$target" "$reached"
}
