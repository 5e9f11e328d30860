// SPDX-License-Identifier: BSD-3-Clause
#include "policy/rules.h"

#include <cassert>
#include <map>
#include <utility>

namespace sluice::policy {
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
                                           std::span<const RuleParams* const> independent) {
    std::vector<ProtocolPorts> reserved;
    for (const RuleParams* other : independent)
        if (overlap(rule, *other))
            for (const ProtocolPorts& inside : other->independence->inside)
                reserved.push_back({inside.protocol, other->independence->external});
    return reserved;
}

std::vector<Match> matches_of(std::span<const RuleParams> rules) {
    std::vector<Match> matches;
    for (const RuleParams& rule : rules)
        matches.push_back({rule.inside, rule.toward});
    return matches;
}

/// The addresses of the rules that `take` takes.
template <typename Take>
Steps inside_of(std::span<const RuleParams> rules, Take take) {
    std::vector<Numbered> prefixes;
    for (const RuleParams& rule : rules)
        if (take(rule))
            prefixes.push_back({rule.inside, 0});
    return longest_prefix(prefixes);
}

/// To know pools that are alike.
using PoolKey = std::pair<std::vector<std::pair<Be32, Be32>>, std::pair<uint16_t, uint16_t>>;

PoolKey key_of(const RuleParams& params) {
    PoolKey key{{}, {params.ports.first, params.ports.last}};
    for (const AddressRange& range : params.addresses)
        key.first.push_back({range.first, range.last});
    return key;
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

Rules::Rules(std::span<const RuleParams> rules, const pool::AddressKey& key,
             std::span<const Match> denied)
    : classifier_(matches_of(rules)),
      denials_(denied),
      served_(inside_of(rules, [](const RuleParams&) { return true; })),
      exempt_toward_(inside_of(rules, [](const RuleParams& rule) {
          return rule.is_exempt && !rule.toward.is_whomever();
      })) {
    std::vector<const RuleParams*> independent;
    for (const RuleParams& params : rules)
        if (params.independence)
            independent.push_back(&params);
    have_mappings_ = !independent.empty();
    for (const RuleParams& params : rules) {
        rules_.push_back({params.inside.network(), params.toward, nullptr, params.independence,
                          reserved_beside(params, independent)});
        ranges_.insert(ranges_.end(), params.addresses.begin(), params.addresses.end());
    }
    make_pools(rules, key);
    ranges_ = merged(std::move(ranges_));
    if (ranges_.empty())  // nothing is translated: a range that holds no address
        ranges_.push_back({Be32::from_host(1), Be32::from_host(0)});
}

void Rules::make_pools(std::span<const RuleParams> rules, const pool::AddressKey& key) {
    std::map<PoolKey, const pool::AddressPool*> known;
    uint32_t slots = 0;
    for (size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].is_exempt)
            continue;
        assert(!rules[i].addresses.empty());
        const pool::AddressPool*& pool = known[key_of(rules[i])];
        if (pool == nullptr) {
            pool_params_.push_back(rules[i]);
            pools_.push_back(std::make_unique<pool::AddressPool>(addresses_of(rules[i].addresses),
                                                                 key, rules[i].ports, slots));
            pool = pools_.back().get();
            slots += pool->size();
        }
        rules_[i].pool = pool;
    }
}

bool Rules::search(Be32 address) const {
    const auto behind = std::upper_bound(
        ranges_.begin(), ranges_.end(), address,
        [](Be32 wanted, const AddressRange& range) { return wanted < range.first; });
    return behind != ranges_.begin() && (behind - 1)->contains(address);
}

}  // namespace sluice::policy
