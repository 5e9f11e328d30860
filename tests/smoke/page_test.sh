#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The page of --http in a real browser: that it loads, shows what /v1/stats says, goes on doing so,
# answers why, fits a narrow screen, and complains of nothing. The network is drawn in network.sh.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

browser=$(type -P chromium) || skip "chromium is not installed"
net=seen

new_network "$net"
start_server "$net"
in_namespace "$net.gateway" ip link set dev lo up
(umask 077 && printf '%064d' 13 >"$work/key")
start_sluice "$net" --workers 2 --http 9100 --sync-key "$work/key" \
    --sync listen=127.0.0.1:3780,peer=127.0.0.2:3780
# It has waited for the other one.
forwards() { [[ $(ctl "$net" role) == 'active; the peer is away' ]]; }
wait_for 10 "it to forward" forwards
# Something to show: a flow, and a drop.
[[ $(seen_by_http "$net") == "$public_address":* ]] || fail "no forwarding"
send_packet "$net.client" --tcp --flags fin,ack --source-port 40002 --dest-port 80 198.51.100.77
wait_for 5 "a drop" counter_reaches "$net" invalid_untracked_fin 1

mkfifo "$work/lines"
exec {lines}<>"$work/lines" # so that neither end waits for the other to open
start_in "$net.gateway" "$python" "$here/browse.py" "$browser" "$work/profile" \
    http://127.0.0.1:9100/ "$work/lines" 400 >"$work/values" 2>"$work/complaints"
browsing=$started_pid
asked=0

has_answered() {
    (($(wc -l <"$work/values") >= asked))
}
# evaluate EXPRESSION: in the page; its value is in $value.
evaluate() {
    ((++asked))
    tr '\n' ' ' <<<"$1" >&"$lines"
    echo >&"$lines"
    wait_for 60 "the browser" has_answered
    value=$(sed -n "${asked}p" "$work/values")
}
# becomes VALUE EXPRESSION, for wait_for.
becomes() {
    evaluate "$2"
    [[ $value == "$1" ]]
}
text_of() {
    echo "document.getElementById('$1')?.textContent"
}

wait_for 60 "the page" becomes '"healthy"' "$(text_of health)"
wait_for 10 "the role" becomes '"active; the peer is away"' "$(text_of role)"
pass "the page loads, and is told that all is well, and which of a pair it is"

# The gateway sends ARP now and then, so what the page shows is compared with what it was told.
evaluate "fetch('/v1/stats?format=json').then(a => a.json()).then(s => new Promise(done => {
    const look = n => before && before.stats.packets.received >= s.packets.received || !n
        ? done([before.stats.flows.live == s.flows.live,
            document.getElementById('flows').textContent == String(s.flows.live),
            document.getElementById('capacity').textContent
                == s.flows.capacity.toLocaleString('en'),
            document.getElementById('total-received').textContent
                == before.stats.packets.received.toLocaleString('en'),
            before.stats.drops.invalid_untracked_fin == s.drops.invalid_untracked_fin].join())
        : setTimeout(look, 100, n - 1);
    look(50); }))"
[[ $value == '"true,true,true,true,true"' ]] || fail "figures differ from /v1/stats: $value"
wait_for 30 "the drop" becomes true \
    "document.getElementById('drops').textContent.includes('invalid_untracked_fin')"
wait_for 30 "the host" becomes true \
    "document.getElementById('hosts').textContent.includes('10.1.0.10')"
wait_for 30 "interfaces and workers" becomes '"lan wan 0 %"' \
    "[...document.querySelectorAll('#interfaces td:first-child')].map(c => c.textContent).join(' ')
        + ' ' + document.querySelector('#workers td:nth-child(7)').textContent"
# Of a second in which something came.
tells_turns() {
    in_namespace "$net.client" ping -c 1 -W 1 10.1.0.1 >/dev/null
    becomes true "[...document.querySelectorAll('#workers td:nth-child(9)')]
        .some(cell => /^[0-9,]+ µs\$/.test(cell.textContent))"
}
wait_for 30 "how long turns take" tells_turns
# What all interfaces have received is read a moment behind what has been received.
evaluate "before.stats.interfaces.reduce((sum, each) => sum + each.in.packets, 0)
    - before.stats.packets.received"
((value >= 0 && value <= 5)) || fail "interfaces have received $value packets more than there were"
pass "its figures are those of /v1/stats"

shown=$(counter "$net" invalid_untracked_fin)
send_packet "$net.client" --tcp --flags fin,ack --source-port 40003 --dest-port 80 198.51.100.77
wait_for 10 "the page to go on" becomes "$((shown + 1))" \
    "before ? before.stats.drops.invalid_untracked_fin : -1"
in_namespace "$net.gateway" ip link set dev wan down
wait_for 10 "the page to see the link go" becomes '"wan has no link"' "$(text_of health)"
in_namespace "$net.gateway" ip link set dev wan up
wait_for 10 "the page to see the link come" becomes '"healthy"' "$(text_of health)"
evaluate "document.getElementById('notices').textContent"
[[ $value == *'has lost its link'* ]] || fail "the log's line is not shown: $value"
pass "it goes on by itself"

evaluate "document.getElementById('packet').value = 'tcp 10.1.0.10:4000 203.0.113.10:80';
    document.getElementById('why').requestSubmit()"
wait_for 10 "why" becomes true \
    "document.getElementById('answer').textContent.includes('leaves by wan as 198.51.100.1:')"
evaluate "document.getElementById('packet').value = 'nonsense';
    document.getElementById('why').requestSubmit(); document.getElementById('answer').textContent"
[[ $value == *PROTOCOL* ]] || fail "what is wrong with nonsense: $value"
pass "it answers why"

# Which elements with a text of their own have too little contrast to what is behind them (4.5 to 1,
# WCAG 2.1, 1.4.3), and how bright the page is.
contrasts='(() => {
    const of = colour => {
        const parts = colour.match(/[0-9.]+/g).map(Number);
        const linear = parts.slice(0, 3).map(c => c / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return {alpha: parts[3] ?? 1, light: 0.2126 * linear[0] + 0.7152 * linear[1]
            + 0.0722 * linear[2]};
    };
    const behind = element => {
        const own = of(getComputedStyle(element).backgroundColor);
        return own.alpha > 0 || !element.parentElement ? own.light
            : behind(element.parentElement);
    };
    const poor = [...document.body.querySelectorAll("*")].filter(element => {
        if (![...element.childNodes].some(n => n.nodeType == 3 && n.data.trim())
            || !element.getClientRects().length || element.tagName == "SCRIPT")
            return false;
        const style = getComputedStyle(element);
        const front = of(element instanceof SVGElement ? style.fill : style.color).light;
        const back = behind(element);
        return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05) < 4.5;
    });
    return [behind(document.body) > 0.5 ? "light" : "dark",
        document.documentElement.scrollWidth <= 400 ? "fits" : "too wide",
        ...poor.map(e => e.tagName + " " + e.textContent)].join();
})()'
for scheme in light dark; do
    echo "scheme $scheme" >&"$lines"
    evaluate "$contrasts"
    [[ $value == "\"$scheme,fits\"" ]] || fail "$scheme, and 400 columns wide: $value"
done
wait_for 30 "a row of the history" becomes true \
    "document.querySelectorAll('#packets-chart polyline').length == 2"
wait_for 30 "a drawing of the drops" becomes true \
    "document.querySelectorAll('#drops-chart polygon').length >= 1"
echo quit >&"$lines"
status=0
wait "$browsing" || status=$?
((status == 0)) || fail "the console: $(cat "$work/complaints")"
pass "it fits a narrow screen, dark or light, draws the history, and complains of nothing"

ctl "$net" history drops --since 10m --json >"$work/history"
grep --quiet '"step":10,"columns":\[' "$work/history" || fail "history: $(cat "$work/history")"
ctl "$net" history flows | grep --quiet '^time .* flows_opened .* live$' || fail "history as text"
ctl "$net" history interfaces | grep --quiet '^time .* lan_in_packets .* wan_out_kbit$' ||
    fail "history of interfaces"
! ctl "$net" history drops --since 1w >"$work/out" 2>&1 || fail "a week of history"
stop_sluice "$net"
pass "sluicectl history"
