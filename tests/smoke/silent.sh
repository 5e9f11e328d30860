# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Connections that say nothing until they are to speak, whatever the gateway between has become
# meanwhile. For tests that source gateway.sh.

silent=() # who has them
times=0   # how often they have spoken

# open_silent NAMESPACE COUNT SERVER: as many to the echo there.
open_silent() {
    local said=$work/silent.${#silent[@]}
    start_in "$1" "$python" "$here/speak_again.py" "$2" "$3" 7 >"$said" 2>"$said.err"
    silent+=("$started_pid")
    wait_for 20 "connections to $3: $(cat "$said.err")" grep --quiet open "$said"
}

# speak: every silent connection is heard again.
speak() {
    local i
    times=$((times + 1))
    kill -USR1 "${silent[@]}"
    for i in "${!silent[@]}"; do
        wait_for 30 "all connections, for the ${times}th time: $(cat "$work/silent.$i.err")" \
            grep --quiet --line-regexp "spoke $times" "$work/silent.$i"
    done
}
