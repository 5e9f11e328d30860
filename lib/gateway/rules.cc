// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/rules.h"

#include "net/text.h"

#include <memory>
#include <set>
#include <utility>

namespace sluice::gateway {

std::vector<policy::RuleParams> rules_of(const config::Config& config) {
    std::vector<policy::RuleParams> rules;
    const auto add = [&](const net::Prefix& inside) -> policy::RuleParams& {
        policy::RuleParams& rule = rules.emplace_back();
        rule.inside = inside;
        return rule;
    };
    for (const net::Prefix& inside : config.inside)
        add(inside).addresses = config.pool;
    for (const auto& snat : config.snat) {
        policy::RuleParams& rule = add(snat.inside);
        rule.addresses = snat.addresses;
        rule.ports = snat.ports;
        rule.independence = snat.independence;
        rule.toward = snat.toward;
        rule.zone = snat.zone;
        rule.limits = snat.limits;
        rule.timeouts = snat.timeouts;
        rule.logging = snat.logging;
        if (snat.helpers)
            rule.helpers = std::make_shared<const helper::Ports>(*snat.helpers);
    }
    for (const policy::Match& match : config.no_nat) {
        policy::RuleParams& rule = add(match.inside);
        rule.is_exempt = true;
        rule.toward = match.toward;
        rule.zone = match.zone;
    }
    for (const policy::Match& match : config.route6) {
        policy::RuleParams& rule = add(match.inside);
        rule.is_exempt = true;
        rule.answers_only = true;
        rule.toward = match.toward;
        rule.zone = match.zone;
    }
    return rules;
}

uint64_t count_hosts(const config::Config& config) {
    std::set<uint16_t> zones;
    for (const config::Lan& lan : config.lans)
        zones.insert(lan.zone);
    uint64_t count = 0;
    for (const policy::RuleParams& rule : rules_of(config))
        count += (rule.zone ? 1 : zones.size()) << (32 - rule.inside.length);
    return count;
}

std::vector<net::AddressRange> public_ranges(const config::Config& config) {
    std::vector<net::AddressRange> ranges;
    for (const policy::RuleParams& rule : rules_of(config))
        ranges.insert(ranges.end(), rule.addresses.begin(), rule.addresses.end());
    for (const pool::Forward& forward : config.forwards)
        ranges.push_back({forward.external.address, forward.external.address});
    for (const pool::OneToOne& pair : config.one_to_one)
        ranges.push_back(pair.externals());
    return policy::merged(std::move(ranges));
}

std::vector<Be32> public_addresses(const config::Config& config) {
    std::vector<Be32> addresses;
    for (const net::AddressRange& range : public_ranges(config))
        for (uint64_t each = range.first.host(); each <= range.last.host(); ++each)
            addresses.push_back(Be32::from_host(static_cast<uint32_t>(each)));
    return addresses;
}

std::string name_of(const policy::RuleParams& pool) {
    std::string name;
    for (const net::AddressRange& range : pool.addresses)
        name += (name.empty() ? "" : ",") + net::to_string(range);
    if (pool.ports != pool::kAllPorts)
        name += ':' + std::to_string(pool.ports.first) + '-' + std::to_string(pool.ports.last);
    return name;
}

}  // namespace sluice::gateway
