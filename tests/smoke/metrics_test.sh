#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What stands in packaging for those who watch a gateway by Prometheus and Grafana, beside a real
# gateway that has all there is to ask for: two uplinks, a rule that refuses, IPv6 hosts, a peer
# that is away; and another one of a cluster.
# The network is drawn in network.sh; wan2 leads to a provider who does nothing but answer ARP.
set -euo pipefail
# shellcheck source=tests/smoke/gateway.sh
source "$(dirname "$(readlink -f "$0")")/gateway.sh"

packaging=$here/../../packaging
rules=$packaging/prometheus/sluice.rules.yml
dashboard=$packaging/grafana/sluice.json
net=watched

new_network "$net"
new_namespace "$net.second"
connect "$net.gateway" wan2 "$net.second" eth0
in_namespace "$net.second" ip address add 192.0.2.254/24 dev eth0
port_flags+=(--wan af_packet:wan2)
address_flags+=(--wan-address 192.0.2.1/24 --gateway 192.0.2.254)
in_namespace "$net.gateway" ip link set dev lo up
(umask 077 && printf '%064d' 13 >"$work/key")
start_sluice "$net" --workers 2 --http 9100 --deny '10.1.0.0/16 udp 137-139' \
    --nat64 64:ff9b::/96 --lan6 2001:db8:1::1/64 \
    --sync listen=127.0.0.1:3780,peer=127.0.0.2:3780 --sync-key "$work/key"
curl --silent --show-error --fail --unix-socket "$work/$net.sock" http://sluice/metrics \
    >"$work/metrics" || fail "GET /metrics"
(
    port_flags=(--lan af_packet:lan --wan af_packet:wan)
    address_flags=(--lan-address 10.1.0.1/24 --wan-address 198.51.100.1/24
        --gateway 198.51.100.254)
    new_network shared
    in_namespace shared.gateway ip link set dev lo up
    start_sluice shared --pool 198.51.100.2-198.51.100.3 \
        --address-key 000102030405060708090a0b0c0d0e0f \
        --cluster etcd=http://127.0.0.1:2379,name=a,listen=127.0.0.1:3781
    curl --silent --show-error --fail --unix-socket "$work/shared.sock" http://sluice/metrics \
        >"$work/shared.metrics" || fail "GET /metrics of a cluster"
    stop_sluice shared
)
cat "$work/metrics" <(grep sluice_cluster "$work/shared.metrics") >"$work/both.metrics"

"$python" "$here/check_queries.py" "$work/both.metrics" "$rules" "$dashboard" ||
    fail "a rule or a panel asks for what sluice does not tell"
for broken in sluice_port_link=sluice_port_links reason=reasons neighbour_failed=neighbour_lost \
    sluice_peer_there=sluice_peer_here sluice_peer_differs=sluice_peer_agrees \
    sluice_cluster_members=sluice_cluster_gateways; do
    sed "s/${broken%=*}/${broken#*=}/" "$rules" >"$work/broken.yml"
    ! "$python" "$here/check_queries.py" "$work/both.metrics" "$work/broken.yml" "$dashboard" \
        >/dev/null 2>&1 || fail "check_queries.py does not see ${broken#*=}"
done
pass "rules and dashboard ask for metrics, labels and reasons that there are"

# web PATH [ARGUMENT...]: what the gateway answers over TCP, headers and all.
web() {
    in_namespace "$net.gateway" curl --silent --include --max-time 10 "http://127.0.0.1:9100$1" \
        "${@:2}"
}

grep --quiet ' 200 ' <(web /healthz) || fail "not healthy: $(web /healthz)"
grep --quiet ' 405 ' <(web '/v1/flows?all=1' --request DELETE) || fail "flows can be deleted"
grep --quiet ' 403 ' <(web /v1/flows) || fail "flows are listed"
grep --quiet ' 421 ' <(web /metrics --header 'Host: evil.example') || fail "any name will do"
[[ $(web /metrics --header 'Accept: application/openmetrics-text' | tail -n 1) == '# EOF' ]] ||
    fail "no OpenMetrics"
web /v1/stats --head | grep --quiet ' 200 ' || fail "HEAD"
pass "over TCP one may ask, by loopback's names, and change nothing"

start_in "$net.gateway" "$python" "$here/crowd.py" 127.0.0.1 9100 1000 >"$work/crowd"
crowd=$started_pid
wait_for 20 "a thousand connections" grep --quiet connected "$work/crowd"
ctl "$net" flows --count >/dev/null || fail "the control socket, behind a crowd"
grep --quiet ' 200 ' <(web /healthz) || fail "/healthz in a crowd"
end "$crowd" TERM || true
pass "a thousand silent connections delay nobody"

for tool in promtool prometheus; do
    type -P "$tool" >/dev/null || skip "$tool (Debian: prometheus) is not installed"
done
promtool check metrics <"$work/metrics" || fail "promtool check metrics"
promtool check rules "$rules" >"$work/out" || fail "promtool check rules: $(cat "$work/out")"
promtool test rules "$packaging/prometheus/sluice.rules.test.yml" >"$work/out" 2>&1 ||
    fail "promtool test rules: $(cat "$work/out")"
for name in $(sed -n 's/.*- alert: //p' "$rules"); do
    grep -A 2 "alertname: $name\$" "$packaging/prometheus/sluice.rules.test.yml" |
        grep --quiet exp_labels || fail "no test by which $name fires"
done
pass "each alert fires when it should"

# holds QUERY: whether Prometheus has a result for it.
holds() {
    in_namespace "$net.gateway" curl --silent --fail --max-time 5 --get \
        --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query >"$work/result" &&
        grep --quiet '"value":' "$work/result"
}

cat >"$work/prometheus.yml" <<YML
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$(readlink -f "$rules")]
scrape_configs:
  - job_name: sluice
    static_configs: [{targets: ['127.0.0.1:9100']}]
YML
start_in "$net.gateway" prometheus --config.file "$work/prometheus.yml" \
    --storage.tsdb.path "$work/tsdb" --web.listen-address 127.0.0.1:9090 \
    >"$work/prometheus.log" 2>&1
wait_for 20 "Prometheus to scrape" holds 'sluice_build_info{job="sluice"}'
holds 'up{job="sluice"} == 1' || fail "the scrape: $(cat "$work/result")"
wait_for 10 "the rules to be evaluated" holds 'sluice_port_link{port="wan2"}==1'
! holds 'ALERTS{alertname="SluicePortDown"}' || fail "an alert without a cause"
in_namespace "$net.gateway" ip link set dev wan2 down
wait_for 10 "the alert" holds 'ALERTS{alertname="SluicePortDown",port="wan2"}'
web /healthz >"$work/health"
grep --quiet ' 503 ' "$work/health" && grep --quiet '^wan2 has no link' "$work/health" ||
    fail "health without a link: $(cat "$work/health")"
pass "Prometheus scrapes the gateway, and alerts when a link goes"
stop_sluice "$net"
