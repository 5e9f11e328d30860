#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What collectors make of the log of translations: nfdump's nfcapd reads what sluicectl events says,
# tshark finds no fault in a message, and what a collector misses is counted and told. The network
# is drawn in network.sh; the collector is on the gateway's own machine.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

for tool in nfcapd nfdump tshark; do
    type -P "$tool" >/dev/null || skip "$tool is not installed"
done
compare="$here/compare_flow_log.py"
port=4739
netflow_port=2055
logs=1 # how many collectors are told of each flow
capture_bytes=2000

# start_collector DIRECTORY [PORT]: returns when it listens.
start_collector() {
    mkdir "$work/$1"
    start_in sluice.gateway nfcapd -b 127.0.0.1 -p "${2:-$port}" -w "$work/$1" >"$work/$1.log" 2>&1
    collector=$started_pid
    wait_for 10 "the collector: $(cat "$work/$1.log")" listens udp "${2:-$port}"
}
# listens TRANSPORT [PORT]
listens() {
    in_namespace sluice.gateway grep --quiet ":$(printf %04X "${2:-$port}") 00000000:0000 " \
        "/proc/net/$1"
}
# read_collected DIRECTORY: what the collector has written, when it has ended.
read_collected() {
    nfdump -R "$work/$1" -q -o json >"$work/$1.json" || fail "nfdump: $(cat "$work/$1.log")"
}
# pass_flows PORT...: a connection from each port, ended by the operator.
pass_flows() {
    local source
    for source in "$@"; do
        from_client sluice curl --silent --show-error --max-time 10 --local-port "$source" \
            --output /dev/null "http://$server_address/" || fail "curl from $source"
    done
    ctl sluice flows --delete --all >/dev/null
}
# faults CAPTURE: what tshark finds wrong in any message.
faults() {
    tshark -r "$1" -Y '_ws.malformed || _ws.expert.severity >= 6291456' -T fields \
        -e _ws.expert.message 2>/dev/null
    tshark -r "$1" -V 2>/dev/null | grep --extended-regexp 'no template|[Mm]alformed' || true
}
# gaps CAPTURE: how many records are missing by the sequence numbers, as tshark counts them.
gaps() {
    faults "$1" | sed --quiet --regexp-extended \
        's/^Unexpected flow sequence .*\(expected ([0-9]+), got ([0-9]+)\)$/\2 - \1/p' |
        awk '{ sum += $1 - $3 } END { print +sum }'
}
# field CAPTURE FIELD: its values, one a line.
field() {
    tshark -r "$1" -T fields -e "$2" 2>/dev/null | tr ',' '\n' | grep . || true
}
# settled: every flow has ended, and both ends of each are sent or lost.
settled() {
    local ends=$((2 * logs * $(counter sluice flows_opened)))
    [[ $(ctl sluice flows --count) == 0 ]] &&
        (($(counter sluice log_records_sent) + ${1:-0} == ends))
}
# has_heard: the events of all ends are written, whole.
has_heard() {
    (($(grep --count '"event":"destroy".*}$' "$work/events") == $(counter sluice flows_opened)))
}
has_told_losses() {
    [[ $(field "$work/udp.pcap" cflow.notsent_flows | tail -n 1) == "$1" ]]
}

new_network sluice
start_server sluice
start_capture sluice.gateway lo "$work/udp.pcap" udp port "$port"
start_capture sluice.gateway lo "$work/netflow.pcap" udp port "$netflow_port"
start_collector netflow "$netflow_port"
netflow_collector=$collector
start_collector first
logs=2
# A late ACK behind the end of its flow opens none.
start_sluice sluice --workers 2 --tcp-loose 0 --accounting --ipfix "udp:127.0.0.1:$port" \
    --netflow9 "udp:127.0.0.1:$netflow_port"
"$sluicectl" --socket "$work/sluice.sock" events --json >"$work/events" 2>/dev/null &
follower=$!
hears() {
    seen_by_udp sluice >/dev/null
    [[ -s $work/events ]]
}
wait_for 10 "the first event" hears
pass_flows {40000..40009}
from_client sluice ping -c 1 -W 5 "$server_address" >/dev/null || fail "ping"
seen_by_udp sluice "10.1.0.20" >/dev/null
ctl sluice flows --delete --all >/dev/null
wait_for 10 "both ends of each flow: $(counter sluice log_records_sent)" settled
wait_for 10 "the events of all ends" has_heard
end "$collector" TERM || true
read_collected first
"$python" "$compare" "$work/first.json" "$work/events" || fail "the collector does not agree"
grep --quiet 'Sequence Errors: 0, Bad Packets: 0' "$work/first.log" ||
    fail "$(cat "$work/first.log")"
(($(counter sluice log_records_lost) == 0)) || fail "records are lost"
[[ -z $(faults "$work/udp.pcap") ]] || fail "tshark: $(faults "$work/udp.pcap")"
pass "nfcapd reads what sluicectl events says"

opened=$(counter sluice flows_opened)
pass_flows {41000..41004}
missed=$((2 * ($(counter sluice flows_opened) - opened)))
((missed == 10)) || fail "$missed records of five flows"
wait_for 10 "the loss: $(counter sluice log_records_lost)" \
    counter_reaches sluice log_records_lost "$missed"
wait_for 5 "a line of the log" grep --quiet 'the collector is away' "$work/sluice.out"
start_collector second
wait_for 10 "the loss in the log itself" has_told_losses "$missed"
wait_for 10 "a line of the log" \
    grep --quiet 'the collector is there again; 10 records' "$work/sluice.out"
pass_flows {42000..42002}
wait_for 10 "the rest: $(counter sluice log_records_sent)" settled "$missed"
(($(counter sluice log_records_lost) == missed)) || fail "lost: $(counter sluice log_records_lost)"
end "$collector" TERM || true
read_collected second
(($(grep --count '"nat_event_id"' "$work/second.json") == 6)) || fail "$(cat "$work/second.json")"
# One message had gone before anybody knew that the collector had: it is refused, but captured.
missing=$(gaps "$work/udp.pcap")
((missing > 0 && missing < missed)) || fail "the sequence numbers say that $missing are missing"
others=$(faults "$work/udp.pcap" | grep --invert-match '^Unexpected flow sequence' || true)
[[ -z $others ]] || fail "tshark: $others"
wait_for 10 "the events of all ends" has_heard
end "$netflow_collector" TERM || true
read_collected netflow
"$python" "$compare" "$work/netflow.json" "$work/events" || fail "NetFlow 9 does not agree"
grep --quiet 'Sequence Errors: 0, Bad Packets: 0' "$work/netflow.log" ||
    fail "$(cat "$work/netflow.log")"
[[ -z $(faults "$work/netflow.pcap") ]] || fail "tshark: $(faults "$work/netflow.pcap")"
assert_accounts sluice
kill "$follower"
stop_sluice sluice
pass "NetFlow 9 tells the same, by sequence numbers without a gap"
pass "a collector that went and came is told how many it missed, and tshark reads every message"

# By TCP records wait for their collector; where there are blocks of ports, they alone are told.
start_capture sluice.gateway lo "$work/tcp.pcap" tcp dst port "$port"
start_sluice sluice --tcp-loose 0 --ipfix "tcp:127.0.0.1:$port" --port-block-size 64
wait_for 10 "no collector" grep --quiet 'the collector is away (Connection refused)' \
    "$work/sluice.out"
seen=$(seen_by_http sluice)
ctl sluice flows --delete --all >/dev/null
start_in sluice.gateway "$python" "$here/tcp_collector.py" "$port" >"$work/stream" 2>&1
collector=$started_pid
wait_for 15 "a block's beginning and end" counter_reaches sluice log_records_sent 2
(($(counter sluice log_records_lost) == 0)) || fail "a record is lost"
stop_sluice sluice
wait_for 5 "the end of the stream" grep --quiet closed "$work/stream"
told=$(for name in nat_event post_natsource_ipv4_address port_range_start port_range_end; do
    field "$work/tcp.pcap" "cflow.$name"
done | xargs)
first=$((${seen#*:} / 64 * 64))
block="$first $((first + 63))"
[[ $told == "16 17 $public_address $public_address $first $first ${block#* } ${block#* }" ]] ||
    fail "$seen is in the block $block; told is $told"
[[ -z $(faults "$work/tcp.pcap") ]] || fail "tshark: $(faults "$work/tcp.pcap")"
pass "by TCP nothing is lost while there is no collector; blocks are told with their ports"

# Sessions of an IPv6 host are those of NAT64 (RFC 8158), with its own addresses before translation.
host6=2001:db8:1::10
in_namespace sluice.client sysctl --quiet --write net.ipv6.conf.all.disable_ipv6=0 \
    net.ipv6.conf.eth0.disable_ipv6=0
in_namespace sluice.client ip -6 address add "$host6/64" dev eth0 nodad
in_namespace sluice.client ip -6 route add default via 2001:db8:1::1
start_capture sluice.gateway lo "$work/nat64.pcap" udp port "$port"
start_collector nat64
logs=1
start_sluice sluice --tcp-loose 0 --ipfix "udp:127.0.0.1:$port" \
    --nat64 64:ff9b::/96 --lan6 2001:db8:1::1/64
asks_by_nat64() {
    in_namespace sluice.client curl --silent --max-time 5 --local-port 43000 --output /dev/null \
        "http://[64:ff9b::$server_address]/"
}
wait_for 20 "HTTP by NAT64" asks_by_nat64
ctl sluice flows --delete --all >/dev/null
wait_for 10 "both ends of each session: $(counter sluice log_records_sent)" settled
end "$collector" TERM || true
read_collected nat64
stop_sluice sluice
[[ -z $(faults "$work/nat64.pcap") ]] || fail "tshark: $(faults "$work/nat64.pcap")"
server6=$("$python" -c "import ipaddress; print(ipaddress.ip_address('64:ff9b::$server_address'))")
told=$(tshark -r "$work/nat64.pcap" -Y 'cflow.srcport == 43000' -T fields -E separator=' ' \
    -e cflow.nat_event -e cflow.srcaddrv6 -e cflow.dstaddrv6 -e cflow.post_natsource_ipv4_address \
    -e cflow.post_natdestination_ipv4_address 2>/dev/null)
ends="$host6 $server6 $public_address $server_address"
[[ $told == "6 $ends"$'\n'"7 $ends" ]] || fail "by tshark: $told"
for each in '"src6_addr" : "2001:db8:1::10"' "\"dst6_addr\" : \"$server6\"" \
    "\"src4_xlt_ip\" : \"$public_address\"" "\"dst4_xlt_ip\" : \"$server_address\""; do
    (($(grep --count --fixed-strings "$each" "$work/nat64.json") == 2)) ||
        fail "no $each: $(cat "$work/nat64.json")"
done
grep --quiet '"nat_event_id" : "6"' "$work/nat64.json" || fail "$(cat "$work/nat64.json")"
grep --quiet '"nat_event_id" : "7"' "$work/nat64.json" || fail "$(cat "$work/nat64.json")"
pass "nfcapd and tshark read sessions of IPv6 hosts as those of NAT64"

# Without a collector: lines in files, and syslog as rsyslog reads it. One disk is full.
if ! type -P rsyslogd >/dev/null; then
    skip "rsyslog is not installed"
fi
cat >"$work/rsyslog.conf" <<END
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="5514")
template(name="parts" type="string" string="%app-name% %msgid% %structured-data%%msg%\n")
*.* action(type="omfile" file="$work/syslog" template="parts")
END
port=5514
start_in sluice.gateway rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid" \
    >"$work/rsyslog.log" 2>&1
wait_for 10 "rsyslogd: $(cat "$work/rsyslog.log")" listens udp
log=$work/flows.json
# write_logs TARGET...: the file that sluice reads says so.
write_logs() {
    printf 'log-flows = %s\n' "$@" >"$work/sluice.conf"
}
write_logs "json:$log" "syslog:udp:127.0.0.1:$port" file:/dev/full
start_sluice sluice --accounting --tcp-loose 0 --config "$work/sluice.conf"
# has_ended FILE PORT: the flow from that public port has ended, by the file.
has_ended() {
    grep --quiet "\"event\":\"destroy\".*\"dst\":\"$public_address\".*\"dport\":$2," "$1"
}
first=$(seen_by_http sluice)
between=$(date --utc +%Y-%m-%dT%H:%M:%S.%NZ)
ctl sluice flows --delete --all >/dev/null
wait_for 10 "the end of $first: $(cat "$log")" has_ended "$log" "${first#*:}"
mv "$log" "$log.1"
wait_for 10 "a new file" test -e "$log"
second=$(seen_by_http sluice)
ctl sluice flows --delete --all >/dev/null
wait_for 10 "the end of $second" has_ended "$log" "${second#*:}"
! has_ended "$log" "${first#*:}" || fail "a flow is told twice"
grep --quiet '"packets":[1-9]' "$log.1" || fail "no account: $(cat "$log.1")"
who=$(ctl sluice who "$first/tcp" --at "$between" --log "$log.1" --log "$log")
[[ $who == *$'\n'"10.1.0.10 "*" flow "*"with $server_address:80" ]] || fail "who: $who"
"$sluicectl" who "$first" --at 2001-01-01T00:00:00Z --log "$log.1" | grep --quiet '^10\.1' &&
    fail "who had it before it was there"
told="sluice delete \[nat@32473 protocolIdentifier=\"6\" sourceIPv4Address=\"10\.1\.0\.10\" .*\
postNAPTSourceTransportPort=\"${second#*:}\" .*initiatorPackets=\"[1-9]"
wait_for 10 "syslog: $(cat "$work/syslog")" grep --quiet "$told" "$work/syslog"
grep --quiet '/dev/full: it cannot be written (No space left on device)' "$work/sluice.out" ||
    fail "a full disk is not told: $(cat "$work/sluice.out")"

more=$work/more.json
by_syslog=$(wc -l <"$work/syslog")
write_logs "json:$log" "json:$work/missing/flows.json"
refuses sluice 'missing/flows.json: it cannot be opened: No such file' reload
write_logs "json:$log" "json:$more"
ctl sluice reload --dry-run >"$work/reload"
[[ ! -e $more ]] || fail "a dry run has made a file"
ctl sluice reload >"$work/reload"
third=$(seen_by_http sluice)
ctl sluice flows --delete --all >/dev/null
wait_for 10 "the end of $third in what stayed" has_ended "$log" "${third#*:}"
wait_for 10 "the end of $third in what came" has_ended "$more" "${third#*:}"
! has_ended "$more" "${second#*:}" || fail "what came tells of what was before"
(($(wc -l <"$work/syslog") == by_syslog)) || fail "what went tells: $(cat "$work/syslog")"
wait_for 10 "a line of the log" grep --quiet '/dev/full: it ends, and [1-9][0-9]* records' \
    "$work/sluice.out"
pass "a reload brings a log and takes one away, beside one that stays"
assert_accounts sluice
stop_sluice sluice
(($(grep --count '^{.*}$' "$log" "$log.1" "$more" | awk -F: '{ sum += $2 } END { print sum }') ==
    $(cat "$log" "$log.1" "$more" | wc -l))) || fail "a line is cut: $(cat "$log.1" "$log")"
pass "flows are logged as JSON through a rotation, and by syslog; who reads the log"
