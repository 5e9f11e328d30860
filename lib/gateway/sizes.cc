// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/sizes.h"

#include "flow/flow_table.h"
#include "flow/stock.h"
#include "gateway/replica.h"
#include "gateway/rules.h"
#include "helper/helped.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "hosts/totals.h"
#include "nat/kept_endpoints.h"
#include "nat64/numbers.h"

#include <algorithm>
#include <utility>

namespace sluice::gateway {

uint32_t flow_records(const config::Config& config) {
    constexpr uint32_t kMost = 1U << 28;  // as a flow table has
    return std::min(
        kMost, config.flows + flow::reserve_for(config.flows, config.workers) * config.workers);
}

uint32_t host_entries(const config::Config& config) {
    constexpr uint64_t kByReload = 65536;  // networks may come
    return hosts::capacity_for(std::max(count_hosts(config), kByReload), config.flows);
}

uint32_t prefix_entries(const config::Config& config) {
    constexpr uint32_t kMost = 65536;
    return std::min(kMost, config.flows);
}

uint32_t total_rows(const config::Config& config) {
    return std::min(host_entries(config), hosts::TrafficTable::kMostRows);
}

state::Shape state_shape(const config::Config& config) {
    return {flow_records(config), config.accounting ? 1U : 0U, config.holders.blocks.size,
            config.lan6 ? 32u - config.numbers.network().length : 0,
            config.route6.empty() ? 0 : 32u - config.peers.length};
}

std::array<size_t, 7> table_bytes(const config::Config& config) {
    const auto whole = [](size_t bytes) {
        constexpr size_t kPage = size_t{2} << 20;
        return (bytes + kPage - 1) / kPage * kPage;
    };
    const size_t in_file = config.state.file.empty() ? 0
                                                     : flow::RecordMemory::bytes_needed(
                                                           flow_records(config), config.accounting);
    const auto quotas = hosts::Quotas::bytes_needed({flow_records(config), prefix_entries(config)});
    const auto totals = config.accounting
                            ? hosts::Totals::bytes_needed({.hosts = total_rows(config)})
                            : std::array<size_t, 2>{};
    return {whole(flow::FlowTable::bytes_needed(flow_records(config), config.accounting) - in_file),
            whole(hosts::HostTable::bytes_needed(host_entries(config), flow_records(config))),
            whole(quotas[0]),
            whole(quotas[1]),
            whole(nat::KeptEndpoints::bytes_needed(flow_records(config))),
            whole(totals[0]),
            whole(totals[1])};
}

size_t heap_bytes(const config::Config& config) {
    // A row of listing::TrafficTotals, of a host whose flows have ended or one that has some.
    constexpr size_t kRow = sizeof(std::pair<uint64_t, hosts::SideTraffic>) + 4 * sizeof(void*);
    size_t bytes = 0;
    if (config::helps(config))
        bytes += helper::Helped::bytes_needed(flow_records(config));
    if (config.sync)
        bytes += Replica::bytes_needed(flow_records(config));
    if (config.lan6 && config.state.file.empty())
        bytes += nat64::Numbers::bytes_needed(32u - config.numbers.network().length);
    if (!config.route6.empty() && config.state.file.empty())
        bytes += nat64::Numbers::bytes_needed(32u - config.peers.length);
    if (config.accounting)
        bytes += kRow * (size_t{total_rows(config)} + host_entries(config));
    return bytes;
}

}  // namespace sluice::gateway
