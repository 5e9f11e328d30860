// SPDX-License-Identifier: BSD-3-Clause
#include "config/networks.h"

#include "config/lines.h"
#include "config/ranges.h"
#include "config/read_rules.h"
#include "net/text.h"

#include <algorithm>

namespace sluice::config {
namespace {

using net::Prefix;
using std::string;

/// The inside interface whose subnet has some of these public addresses, which that of an only arm
/// may have; null where there is none.
const Lan* lan_in_the_way(const Config& config, const AddressRange& range) {
    if (!is_one_armed(config))
        return overlapping_lan(config, range);
    const Lan& last = config.lans.back();
    return last.at.vlan == link::kIpv6Side && overlap(range, range_of(last.own)) ? &last : nullptr;
}

}  // namespace

Networks::Networks(const Config& config) : config_(config) {
    for (const Prefix& prefix : config.inside)
        served_.push_back({"inside", prefix});
    for (const SnatRule& rule : config.snat)
        served_.push_back({"snat", rule.inside, rule.toward, rule.zone, rule.inside6, &rule});
    for (const policy::Match& match : config.no_nat)
        served_.push_back({"no-nat", match.inside, match.toward, match.zone, match.inside6});
    for (const policy::Match& match : config.route6)
        served_.push_back({"route6", match.inside, match.toward, match.zone, match.inside6});

    for (const Served& served : served_) {
        all_.add(served);
        (served.zone ? of_zone_[*served.zone] : common_).add(served);
    }
    all_.compile();
    common_.compile();
    for (auto& [zone, own] : of_zone_)
        own.compile();

    std::vector<AddressRange> ranges = config.pool;
    for (const SnatRule& rule : config.snat)
        ranges.insert(ranges.end(), rule.addresses.begin(), rule.addresses.end());
    public_ = policy::merged(std::move(ranges));
}

string Networks::Served::value() const {
    return rule == nullptr ? text() : to_string(*rule);
}

void Networks::Index::compile() {
    std::stable_sort(by_first_.begin(), by_first_.end(), [](const Served* a, const Served* b) {
        return a->prefix.network().address < b->prefix.network().address;
    });
    for (const Served* served : by_first_) {
        const bool is_last = reaches_on_.empty() ||
                             served->prefix.broadcast() > reaches_on_.back()->prefix.broadcast();
        reaches_on_.push_back(is_last ? served : reaches_on_.back());
    }
}

const Networks::Index* Networks::own_of(uint16_t zone) const {
    const auto own = of_zone_.find(zone);
    return own == of_zone_.end() ? nullptr : &own->second;
}

const Networks::Served* Networks::Index::overlapping(const AddressRange& range) const {
    const auto behind = std::upper_bound(by_first_.begin(), by_first_.end(), range.last,
                                         [](Be32 wanted, const Served* served) {
                                             return wanted < served->prefix.network().address;
                                         });
    if (behind == by_first_.begin())
        return nullptr;
    const Served* last = reaches_on_[static_cast<size_t>(behind - by_first_.begin()) - 1];
    return range.first <= last->prefix.broadcast() ? last : nullptr;
}

string Networks::why_not_public(const AddressRange& range) const {
    if (net::is_martian(range.first) || net::is_martian(range.last) ||
        overlap(range, {Be32::from_host(127U << 24), Be32::from_host((128U << 24) - 1)}))
        return "contains addresses that no host can have";
    for (const Wan& wan : config_.wans)
        if (range.contains(wan.gateway))
            return "contains the address of --gateway " + net::to_string(wan.gateway);
    for (const StaticRoute& route : config_.routes)
        if (range.contains(route.via))
            return "contains the next hop of --route " + to_string(route);
    if (const Lan* lan = lan_in_the_way(config_, range))
        return "overlaps the subnet of --lan-address " + to_string(lan->own);
    for (const Wan& wan : config_.wans)
        if (wan.own.length <= 30 &&
            (range.contains(wan.own.network().address) || range.contains(wan.own.broadcast())))
            return "contains the network or broadcast address of --wan-address " +
                   to_string(wan.own);
    if (const Served* inside = is_one_armed(config_) ? nullptr : all_.overlapping(range))
        return "overlaps --" + string(inside->flag) + ' ' + inside->text();
    return {};
}

bool Networks::is_any_served(const Prefix& prefix, std::optional<uint16_t> zone) const {
    if (!zone)
        return all_.overlapping(range_of(prefix)) != nullptr;
    const Index* own = own_of(*zone);
    return common_.overlapping(range_of(prefix)) != nullptr ||
           (own != nullptr && own->overlapping(range_of(prefix)) != nullptr);
}

/// Networks lie within one another or apart, and of those that end where this one does the
/// longest-reaching comes first: so if any contains it, the one that overlapping() finds does.
bool Networks::are_served(const Prefix& prefix, uint16_t zone) const {
    for (const Index* index : {&common_, own_of(zone)}) {
        const Served* served = index == nullptr ? nullptr : index->overlapping(range_of(prefix));
        if (served != nullptr && is_within(prefix, served->prefix))
            return true;
    }
    return false;
}

std::optional<AddressRange> Networks::pool_in(const AddressRange& range) const {
    const auto behind =
        std::upper_bound(public_.begin(), public_.end(), range.last,
                         [](Be32 wanted, const AddressRange& pool) { return wanted < pool.first; });
    if (behind == public_.begin() || (behind - 1)->last < range.first)
        return std::nullopt;
    return *(behind - 1);
}

}  // namespace sluice::config
