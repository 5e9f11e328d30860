// SPDX-License-Identifier: BSD-3-Clause
#include "listing/traffic_totals.h"

#include "flow/reading.h"
#include "listing/walk.h"

#include <algorithm>
#include <utility>

namespace sluice::listing {
namespace {

using hosts::FlowEnds;
using hosts::SideTraffic;

struct Counted {
    FlowEnds ends;
    SideTraffic traffic;
};

/// Those past their deadlines too: they end, and are counted, a moment later.
std::vector<Counted> copy(flow::FlowTable& flows, uint32_t first) {
    return flow::read_records(flows, [&] {
        std::vector<Counted> copied;
        flows.for_each_live(first, first + kSegment,
                            [&](uint32_t index, const flow::FlowRecord& record) {
                                const auto traffic = flows.accounts().read(index);
                                if (record.kind() != flow::Kind::Flow || !traffic)
                                    return;
                                const FlowEnds ends(record.tuple, record.sides);
                                copied.push_back({ends, ends.of(*traffic)});
                            });
        return copied;
    });
}

}  // namespace

TrafficTotals::TrafficTotals(const hosts::Totals& ended, flow::FlowTable& flows, SumsOf what)
    : other_hosts_(ended.hosts().others()), other_addresses_(ended.addresses().others()) {
    if (what == SumsOf::Hosts)
        add_hosts(ended, flows);
    else
        add_addresses(ended, flows);
}

void TrafficTotals::add_hosts(const hosts::Totals& ended, flow::FlowTable& flows) {
    for (const hosts::TrafficTable::Row& row : ended.hosts().read())
        hosts_[row.key] += row.traffic;
    for (uint32_t first = 0; first < flows.capacity(); first += kSegment)
        for (const Counted& flow : copy(flows, first))
            hosts_[flow.ends.host.bits()] += flow.traffic;
}

void TrafficTotals::add_addresses(const hosts::Totals& ended, flow::FlowTable& flows) {
    for (const hosts::TrafficTable::Row& row : ended.addresses().read())
        add(Be32{static_cast<uint32_t>(row.key)}, row.traffic);
    for (uint32_t first = 0; first < flows.capacity(); first += kSegment)
        for (const Counted& flow : copy(flows, first))
            if (flow.ends.address)
                add(*flow.ends.address, flow.traffic);
}

void TrafficTotals::add(Be32 address, const SideTraffic& more) {
    const auto [place, is_new] = place_.emplace(address.raw, addresses_.size());
    if (is_new)
        addresses_.push_back({address, {}});
    addresses_[place->second].traffic += more;
}

SideTraffic TrafficTotals::of(net::InsideAddress host) const {
    const auto found = hosts_.find(host.bits());
    return found == hosts_.end() ? SideTraffic{} : found->second;
}

SideTraffic TrafficTotals::of(Be32 address) const {
    const auto found = place_.find(address.raw);
    return found == place_.end() ? SideTraffic{} : addresses_[found->second].traffic;
}

}  // namespace sluice::listing
