# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Packets that no flow explains, and what became of them on the outside wire. Everything here is
# read from the capture there; nothing is known beforehand.

# The first packets of the comparison: name, TCP flags as nping spells them.
stray_names=(FIN FIN/ACK RST RST/ACK SYN/ACK "no flags" FIN/PSH/URG)
stray_flags=(fin fin,ack rst rst,ack syn,ack none fin,psh,urg)
stray_first_port=40001

# send_stray NET INDEX: one packet, from its own source port, so that each is a first one.
send_stray() {
    send_packet "$1.client" --tcp --flags "${stray_flags[$2]}" \
        --source-port $((stray_first_port + $2)) --dest-port 80 "$server_address"
}

# stray_source CAPTURE INDEX: the source of that packet on the outside wire, or "-".
stray_source() {
    local line
    line=$(captured "$1" tcp and dst host "$server_address" and \
        src port $((stray_first_port + $2)) | head -n 1)
    [[ $line =~ IP\ ([0-9.]+)\.[0-9]+\ \> ]] && echo "${BASH_REMATCH[1]}" || echo "-"
}

# private_packets CAPTURE [FILTER]: how many left with an address from inside.
private_packets() {
    captured_count "$1" "src net 10.1.0.0/24 and (${2:-ip})"
}
