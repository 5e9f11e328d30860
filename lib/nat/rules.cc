// SPDX-License-Identifier: BSD-3-Clause
#include "nat/rules.h"

#include <cassert>
#include <utility>

namespace sluice::nat {
namespace {

using net::AddressRange;

/// Each address of the ranges once.
std::vector<Be32> addresses_of(const std::vector<AddressRange>& ranges) {
    std::vector<Be32> addresses;
    for (const AddressRange& range : merged(ranges))
        for (uint64_t host = range.first.host(); host <= range.last.host(); ++host)
            addresses.push_back(Be32::from_host(static_cast<uint32_t>(host)));
    return addresses;
}

bool overlap(const RuleParams& a, const RuleParams& b) {
    for (const AddressRange& one : a.addresses)
        for (const AddressRange& other : b.addresses)
            if (one.first <= other.last && other.first <= one.last)
                return true;
    return false;
}

/// The ports that are for mappings, at any address of the rule's.
std::vector<ProtocolPorts> reserved_beside(const RuleParams& rule,
                                           std::span<const RuleParams> rules) {
    std::vector<ProtocolPorts> reserved;
    for (const RuleParams& other : rules)
        if (other.independence && overlap(rule, other))
            for (const ProtocolPorts& inside : other.independence->inside)
                reserved.push_back({inside.protocol, other.independence->external});
    return reserved;
}

}  // namespace

std::vector<AddressRange> merged(std::vector<AddressRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const AddressRange& a, const AddressRange& b) { return a.first < b.first; });
    std::vector<AddressRange> result;
    for (const AddressRange& range : ranges) {
        const bool touches = !result.empty() && uint64_t{range.first.host()} <=
                                                    uint64_t{result.back().last.host()} + 1;
        if (!touches)
            result.push_back(range);
        else if (range.last > result.back().last)
            result.back().last = range.last;
    }
    return result;
}

Rules::Rules(std::span<const RuleParams> rules, uint64_t key) {
    for (const RuleParams& params : rules) {
        rules_.push_back({params.inside.network(), share_pool(params, key), params.independence,
                          reserved_beside(params, rules)});
        ranges_.insert(ranges_.end(), params.addresses.begin(), params.addresses.end());
        have_mappings_ |= params.independence.has_value();
    }
    ranges_ = merged(std::move(ranges_));
    if (ranges_.empty())  // nothing is translated: a range that holds no address
        ranges_.push_back({Be32::from_host(1), Be32::from_host(0)});
    lay_steps();
}

const pool::AddressPool* Rules::share_pool(const RuleParams& params, uint64_t key) {
    if (params.is_exempt)
        return nullptr;
    assert(!params.addresses.empty());
    uint32_t slots = 0;
    for (size_t i = 0; i < pools_.size(); ++i) {
        if (pool_params_[i].addresses == params.addresses && pool_params_[i].ports == params.ports)
            return pools_[i].get();
        slots += pools_[i]->size();
    }
    pool_params_.push_back(params);
    pools_.push_back(std::make_unique<pool::AddressPool>(addresses_of(params.addresses), key,
                                                         params.ports, slots));
    return pools_.back().get();
}

const Rule* Rules::longest(Be32 address) const {
    const Rule* found = nullptr;
    for (const Rule& rule : rules_)
        if (rule.inside.contains(address) &&
            (found == nullptr || rule.inside.length > found->inside.length))
            found = &rule;
    return found;
}

/// Between two borders of prefixes the answer is the same everywhere.
void Rules::lay_steps() {
    std::vector<uint32_t> borders{0};
    for (const Rule& rule : rules_) {
        borders.push_back(rule.inside.address.host());
        if (rule.inside.broadcast().host() != ~uint32_t{0})
            borders.push_back(rule.inside.broadcast().host() + 1);
    }
    std::sort(borders.begin(), borders.end());
    for (const uint32_t border : borders) {
        const Rule* rule = longest(Be32::from_host(border));
        if (steps_.empty() || steps_.back().rule != rule)
            steps_.push_back({border, rule});
    }
}

bool Rules::search(Be32 address) const {
    const auto behind = std::upper_bound(
        ranges_.begin(), ranges_.end(), address,
        [](Be32 wanted, const AddressRange& range) { return wanted < range.first; });
    return behind != ranges_.begin() && (behind - 1)->contains(address);
}

}  // namespace sluice::nat
