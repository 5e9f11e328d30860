// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/totals.h"

#include <utility>

namespace sluice::hosts {
namespace {

using net::Direction;
using net::Side;

static_assert(net::kZones <= 1U << (TrafficTable::kKeyBits - 32));

TrafficTableParams for_hosts(const TotalsParams& params) {
    return {.rows = params.hosts,
            .pages = params.pages,
            .numa_node = params.numa_node,
            .secret = params.secret};
}

/// Of an address many workers' flows end at once.
TrafficTableParams for_addresses(const TotalsParams& params) {
    constexpr uint32_t kStripes = 8;
    TrafficTableParams addresses = for_hosts(params);
    addresses.rows = Totals::kMostAddresses;
    addresses.stripes = kStripes;
    return addresses;
}

std::optional<Be32> public_address(const std::array<net::Tuple, 2>& tuple, bool is_outward) {
    const net::Tuple& original = tuple[index(Direction::Original)];
    const net::Tuple& reply = tuple[index(Direction::Reply)];
    const Be32 address = is_outward ? reply.destination : original.destination;
    const Be32 inside = is_outward ? original.source : reply.source;
    return address == inside ? std::nullopt : std::optional(address);
}

}  // namespace

FlowEnds::FlowEnds(const std::array<net::Tuple, 2>& tuple, net::Sides sides)
    : host(Be32{}), is_outward(sides.enter(Direction::Original) == Side::Inside) {
    host = tuple[index(is_outward ? Direction::Original : Direction::Reply)].inside_source();
    address = public_address(tuple, is_outward);
}

std::array<size_t, 2> Totals::bytes_needed(const TotalsParams& params) {
    return {TrafficTable::bytes_needed(for_hosts(params)),
            TrafficTable::bytes_needed(for_addresses(params))};
}

Result<std::unique_ptr<Totals>> Totals::create(const TotalsParams& params, flow::Ending& next) {
    std::unique_ptr<Totals> totals(new Totals(next));
    auto hosts = TrafficTable::create(for_hosts(params));
    if (!hosts)
        return hosts.error();
    auto addresses = TrafficTable::create(for_addresses(params));
    if (!addresses)
        return addresses.error();
    totals->hosts_ = std::move(hosts).value();
    totals->addresses_ = std::move(addresses).value();
    return totals;
}

void Totals::ended(uint32_t index, flow::FlowRecord& record) {
    next_.ended(index, record);
    if (record.kind() != flow::Kind::Flow)
        return;
    const auto traffic = accounts_->read(index);
    if (!traffic)
        return;
    const FlowEnds ends(record.tuple, record.sides);
    const SideTraffic more = ends.of(*traffic);
    hosts_->add(ends.host.bits(), 0, more);
    if (ends.address)
        addresses_->add(ends.address->raw, record.owner, more);
}

}  // namespace sluice::hosts
