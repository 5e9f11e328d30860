// SPDX-License-Identifier: BSD-3-Clause
#include "policy/rule_set.h"

#include <cassert>
#include <set>
#include <utility>

namespace sluice::policy {
namespace {

using net::longest_prefix;
using net::Numbered;

using net::AddressRange;

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
            for (const ProtocolPorts& inside : other->independence->inside) {
                const ProtocolPorts ports{inside.protocol, other->independence->external};
                if (std::ranges::find(reserved, ports) == reserved.end())  // rules of many zones
                    reserved.push_back(ports);
            }
    return reserved;
}

std::vector<Match> matches_of(std::span<const RuleParams> rules) {
    std::vector<Match> matches;
    for (const RuleParams& rule : rules)
        matches.push_back({rule.inside, rule.toward, rule.zone});
    return matches;
}

/// The addresses of the rules that `take` takes, of whichever zone; each stands for the rule's.
template <typename Take>
Steps inside_of(std::span<const RuleParams> rules, Take take) {
    std::vector<Numbered> prefixes;
    for (const RuleParams& rule : rules)
        if (take(rule))
            prefixes.push_back({rule.inside, rule.zone.value_or(0)});
    return longest_prefix(prefixes);
}

net::ZonedSteps served_by(std::span<const RuleParams> rules) {
    std::vector<net::ZonedPrefix> prefixes;
    for (const RuleParams& rule : rules)
        prefixes.push_back({rule.inside, 0, rule.zone});
    return net::ZonedSteps(prefixes);
}

}  // namespace

RuleSet::RuleSet(std::span<const RuleParams> rules, std::span<const Match> denied, Pools& pools,
                 const RuleSet* before, const link::Uplinks& uplinks)
    : classifier_(matches_of(rules)),
      denials_(denied, before == nullptr ? nullptr : &before->denials_),
      served_(served_by(rules)),
      served_somewhere_(inside_of(rules, [](const RuleParams&) { return true; })),
      exempt_toward_(inside_of(
          rules,
          [](const RuleParams& rule) { return rule.is_exempt && !rule.toward.is_whomever(); })),
      exempt_zones_(inside_of(
          rules, [](const RuleParams& rule) { return rule.is_exempt && rule.zone.has_value(); })) {
    std::vector<const RuleParams*> independent;
    for (const RuleParams& params : rules)
        if (params.independence)
            independent.push_back(&params);
    have_mappings_ = !independent.empty();
    std::set<const pool::AddressPool*> known;
    for (const RuleParams& params : rules) {
        assert(params.is_exempt || !params.addresses.empty());
        rules_.push_back({params.inside.network(), params.toward, nullptr, params.independence,
                          reserved_beside(params, independent), params.limits, params.tuning,
                          params.helpers, params.answers_only});
        if (!params.is_exempt)
            give_pools(params, pools, uplinks, known);
        ranges_.insert(ranges_.end(), params.addresses.begin(), params.addresses.end());
        regions_.add(params.inside);
        for (const AddressRange& range : params.addresses)
            regions_.add(range);
    }
    ranges_ = merged(std::move(ranges_));
    if (ranges_.empty())  // nothing is translated: a range that holds no address
        ranges_.push_back({Be32::from_host(1), Be32::from_host(0)});
}

/// To the last rule: what it has at each uplink is a pool by itself.
void RuleSet::give_pools(const RuleParams& params, Pools& pools, const link::Uplinks& uplinks,
                         std::set<const pool::AddressPool*>& known) {
    Rule& rule = rules_.back();
    const auto take = [&](RuleParams part) {
        const pool::AddressPool* pool = pools.take(part.addresses, part.ports);
        if (known.insert(pool).second) {
            pools_.push_back(pool);
            pool_params_.push_back(std::move(part));
        }
        return pool;
    };
    if (!uplinks.are_several()) {
        rule.pool = take(params);
        return;
    }
    rule.by_uplink.resize(uplinks.size());
    for (link::UplinkId id = 0; id < uplinks.size(); ++id) {
        RuleParams part = params;
        part.addresses = uplinks.part(params.addresses, id);
        if (part.addresses.empty())
            continue;
        rule.by_uplink[id] = take(std::move(part));
        rule.uplinks |= link::only(id);
        rule.pool = rule.pool == nullptr ? rule.by_uplink[id] : rule.pool;
    }
    assert(rule.translates());  // or its hosts would leave with their own addresses
}

bool RuleSet::search(Be32 address) const {
    const auto behind = std::upper_bound(
        ranges_.begin(), ranges_.end(), address,
        [](Be32 wanted, const AddressRange& range) { return wanted < range.first; });
    return behind != ranges_.begin() && (behind - 1)->contains(address);
}

}  // namespace sluice::policy
