// SPDX-License-Identifier: BSD-3-Clause
#include "config/port_shares.h"

#include "config/ranges.h"
#include "config/read.h"
#include "config/read_rules.h"
#include "net/text.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::config {
namespace {

using net::Protocol;
using policy::Independence;
using pool::PortRange;

/// Inside hosts that take ports of some addresses.
struct User {
    net::Prefix inside;
    const SnatRule* rule;  // null for those of --inside
    const std::vector<AddressRange>& addresses;
    PortRange ports;
    const Independence* independence;
};

std::vector<User> users_of(const Config& config) {
    std::vector<User> users;
    for (const net::Prefix& inside : config.inside)
        users.push_back({inside, nullptr, config.pool, pool::kAllPorts, nullptr});
    for (const SnatRule& rule : config.snat)
        users.push_back({rule.inside, &rule, rule.addresses, rule.ports,
                         rule.independence ? &*rule.independence : nullptr});
    return users;
}

Error wrong_user(const User& user, const std::string& why) {
    return user.rule == nullptr ? wrong("inside", net::to_string(user.inside), why)
                                : wrong("snat", to_string(*user.rule), why);
}

bool overlap(const User& a, const User& b) {
    return std::any_of(a.addresses.begin(), a.addresses.end(), [&](const AddressRange& one) {
        return std::any_of(b.addresses.begin(), b.addresses.end(),
                           [&](const AddressRange& other) { return config::overlap(one, other); });
    });
}

/// Some of its endpoints are mapped endpoint-dependently.
bool has_dependent(const User& user, Protocol protocol) {
    return user.independence == nullptr || !user.independence->covers_all(protocol);
}

/// All of the ports that most of the user's flows may be given are for mappings of this protocol,
/// its own or others'.
bool is_left_without(const User& user, Protocol protocol,
                     const std::vector<const User*>& independent) {
    std::vector<PortRange> mapped;
    for (const User* other : independent)
        if (other->independence->names(protocol) && overlap(user, *other))
            mapped.push_back(other->independence->external);
    std::sort(mapped.begin(), mapped.end(),
              [](const PortRange& a, const PortRange& b) { return a.first < b.first; });
    const PortRange usual = pool::search_range(protocol, pool::kUserPorts.first, user.ports);
    uint32_t next = std::max<uint32_t>(usual.first, 1);  // the lowest that may be free
    for (const PortRange& range : mapped)
        if (range.first <= next)
            next = std::max(next, uint32_t{range.last} + 1);
    return next > usual.last;
}

/// The ports of mappings are what they are where nothing is said.
bool is_default(const Independence& independence, PortRange pool) {
    PortRange upper = pool;
    upper.first = static_cast<uint16_t>(pool.first + pool.size() / 2);
    return independence.external == pool || independence.external == upper;
}

/// Hosts with blocks of ports are in nobody's way.
Status check_blocks(const Config& config, const std::vector<User>& users) {
    const uint16_t size = config.holders.blocks.size;
    for (const User& user : users) {
        if (pool::BlockGrid{size}.numbers(user.ports).size() == 0)
            return wrong_user(
                user, "of its ports from 1024 on no block can be made, with --port-block-size " +
                          std::to_string(size));
        if (user.independence != nullptr && !is_default(*user.independence, user.ports))
            return wrong_user(
                user,
                "mapping-ports= means nothing beside --port-block-size: mappings have "
                "ports of their hosts' blocks");
    }
    return Done{};
}

}  // namespace

Status check_port_shares(const Config& config) {
    const std::vector<User> users = users_of(config);
    if (config.holders.blocks.size != 0)
        return check_blocks(config, users);
    std::vector<const User*> independent;
    for (const User& user : users)
        if (user.independence != nullptr)
            independent.push_back(&user);
    for (const User& user : users)
        for (const auto& [protocol, name] :
             {std::pair{Protocol::Tcp, "TCP"}, {Protocol::Udp, "UDP"}, {Protocol::Icmp, "ICMP"}})
            if (has_dependent(user, protocol) && is_left_without(user, protocol, independent))
                return wrong_user(
                    user, std::string("endpoint-independent mappings have all ports of its "
                                      "addresses for ") +
                              name +
                              ", and leave none for its other flows: give those mappings a part "
                              "by mapping-ports=");
    return Done{};
}

}  // namespace sluice::config
