// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.h"

#include "config/lines.h"
#include "config/ports.h"
#include "config/ranges.h"
#include "config/read.h"
#include "config/read_rules.h"
#include "config/uplinks.h"
#include "net/text.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

using net::Prefix;
using std::string;
using std::string_view;

/// The first or last address of a subnet, which no host has. A /31 has neither (RFC 3021).
bool is_reserved_in(const Prefix& subnet, Be32 address) {
    return subnet.length <= 30 &&
           (address == subnet.network().address || address == subnet.broadcast());
}

/// Only who has an on-link gateway can do with a subnet of one address.
Status check_own_address(string_view flag, const string& value, const Prefix& own,
                         uint8_t longest) {
    if (own.length < 1 || own.length > longest)
        return wrong(flag, value,
                     own.length == net::kHostLength && flag == "wan-address"
                         ? "behind a /32 the gateway is on no subnet: --gateway \"ADDRESS onlink\""
                         : "a subnet of /1 to /31 is wanted");
    if (net::is_martian(own.address))
        return wrong(flag, value, "no host can have this address");
    if (is_reserved_in(own, own.address))
        return wrong(flag, value,
                     own.address == own.broadcast()
                         ? "this is the broadcast address of its subnet"
                         : "this is the address of the subnet itself; name the gateway's own");
    return Done{};
}

/// Blames the interface, for several may have the same address, each in a zone of its own.
Error wrong_subnet(const Config& config, const Lan& lan, const Lan& first) {
    if (lan.at.vlan == link::kIpv6Side)
        return wrong("ipv6-numbers", to_string(config.numbers.network()),
                     "it overlaps the subnet of --lan-address " + to_string(first.own));
    return wrong("lan", to_string(lan),
                 "the subnet of its --lan-address " + to_string(lan.own) +
                     " overlaps that of --lan " + to_string(first) + ", " + to_string(first.own) +
                     ", and both are of zone " + std::to_string(lan.zone));
}

Status check_lan_addresses(const Config& config) {
    for (auto lan = config.lans.begin(); lan != config.lans.end(); ++lan) {
        const bool is_ipv6_side = lan->at.vlan == link::kIpv6Side;
        if (Status status =
                check_own_address(is_ipv6_side ? "ipv6-numbers" : "lan-address",
                                  to_string(is_ipv6_side ? config.numbers.network() : lan->own),
                                  lan->own, net::kHostLength - 1);
            !status)
            return status;
        const auto first = std::find_if(config.lans.begin(), lan, [&](const Lan& other) {
            return other.zone == lan->zone && overlap(other.own, lan->own);
        });
        if (first != lan)
            return wrong_subnet(config, *lan, *first);
    }
    return Done{};
}

/// The outside interface whose subnet has addresses of `range`; null where there is none.
const Wan* overlapping_wan(const Config& config, const AddressRange& range) {
    const auto found = std::find_if(config.wans.begin(), config.wans.end(), [&](const Wan& wan) {
        return overlap(range, range_of(wan.own));
    });
    return found == config.wans.end() ? nullptr : &*found;
}

Status check_wan_address(const Config& config, const Wan& wan) {
    const string text = to_string(wan.own);
    const uint8_t longest = wan.gateway_is_on_link ? net::kHostLength : net::kHostLength - 1;
    if (Status status = check_own_address("wan-address", text, wan.own, longest); !status)
        return status;
    const Lan* lan = overlapping_lan(config, range_of(wan.own));
    const bool is_sound =
        lan == nullptr || (is_one_armed(config) && lan->own.network() == wan.own.network());
    if (!is_sound)
        return wrong("wan-address", text,
                     "its subnet overlaps that of --lan-address " + to_string(lan->own));
    const Wan* first = overlapping_wan(config, range_of(wan.own));
    if (first != &wan)
        return wrong("wan-address", text,
                     "its subnet overlaps that of --wan-address " + to_string(first->own));
    return Done{};
}

Status check_own_addresses(const Config& config) {
    if (Status status = check_lan_addresses(config); !status)
        return status;
    for (const Wan& wan : config.wans)
        if (Status status = check_wan_address(config, wan); !status)
            return status;
    return Done{};
}

Status check_on_link_gateway(const Config& config, const Wan& wan) {
    const string text = gateway_text(wan);
    if (net::is_martian(wan.gateway))
        return wrong("gateway", text, "no host can have this address");
    if (const Lan* lan = overlapping_lan(config, {wan.gateway, wan.gateway}))
        return wrong("gateway", text,
                     "it is on the subnet of --lan-address " + to_string(lan->own));
    if (const Wan* other = wan_of(config, wan.gateway); other != nullptr && other != &wan)
        return wrong("gateway", text,
                     "it is on the subnet of another --wan-address, " + to_string(other->own));
    return Done{};
}

Status check_gateway(const Config& config, const Wan& wan) {
    const string text = gateway_text(wan);
    if (wan.gateway == wan.own.address)
        return wrong("gateway", text, "this is the address of --wan-address");
    if (wan.gateway_is_on_link)
        return check_on_link_gateway(config, wan);
    if (!wan.own.contains(wan.gateway))
        return wrong("gateway", text,
                     "it is not on the subnet of --wan-address " + to_string(wan.own));
    if (is_reserved_in(wan.own, wan.gateway))
        return wrong(
            "gateway", text,
            "no host has this address on the subnet of --wan-address " + to_string(wan.own));
    return Done{};
}

Status check_gateways(const Config& config) {
    for (const Wan& wan : config.wans)
        if (Status status = check_gateway(config, wan); !status)
            return status;
    return Done{};
}

/// An error about addresses of --pool, or of the pool of `rule`.
Error wrong_pool(const SnatRule* rule, const AddressRange& range, const string& what_it_does) {
    if (rule == nullptr)
        return wrong("pool", to_string(range), "it " + what_it_does);
    return wrong("snat", to_string(*rule), "its pool's " + to_string(range) + ' ' + what_it_does);
}

/// The addresses of --pool, or of the pool of `rule`; `count` adds up those of all.
Status check_pool(const Networks& networks, const SnatRule* rule,
                  const std::vector<AddressRange>& pool, uint64_t& count) {
    constexpr uint64_t kMostAddresses = 65536;
    for (auto range = pool.begin(); range != pool.end(); ++range) {
        if (const string why = networks.why_not_public(*range); !why.empty())
            return wrong_pool(rule, *range, why);
        const auto twin = std::find_if(
            pool.begin(), range, [&](const AddressRange& other) { return overlap(*range, other); });
        if (twin != range)
            return wrong_pool(rule, *range, "overlaps " + to_string(*twin));
        count += uint64_t{range->last.host()} - range->first.host() + 1;
        if (count > kMostAddresses)
            return wrong_pool(rule, *range,
                              "is too much: pools have at most 65536 addresses in all");
    }
    return Done{};
}

/// Equal pools are one.
Status check_pools(const Config& config, const Networks& networks) {
    uint64_t count = 0;
    if (Status status = check_pool(networks, nullptr, config.pool, count); !status)
        return status;
    std::set<std::vector<std::pair<Be32, Be32>>> known;
    for (const SnatRule& rule : config.snat) {
        std::vector<std::pair<Be32, Be32>> key;
        for (const AddressRange& range : rule.addresses)
            key.push_back({range.first, range.last});
        if (!known.insert(std::move(key)).second)
            continue;
        if (Status status = check_pool(networks, &rule, rule.addresses, count); !status)
            return status;
    }
    return Done{};
}

/// A network is of use inside when some of it lies on the subnet or behind a router there.
bool is_reachable_inside(const Config& config, const Networks::Served& inside) {
    const auto is_there = [&](uint16_t zone) { return zone == inside.zone.value_or(zone); };
    return std::any_of(config.lans.begin(), config.lans.end(),
                       [&](const Lan& lan) {
                           return is_there(lan.zone) && overlap(lan.own, inside.prefix);
                       }) ||
           std::any_of(config.routes.begin(), config.routes.end(), [&](const StaticRoute& route) {
               return is_there(route.zone) && overlap(route.prefix, inside.prefix) &&
                      lan_of(config, {route.via, route.zone}) != nullptr;
           });
}

Error in_two_zones(const policy::Match& match, const policy::Match& other) {
    return wrong("no-nat", config::to_string(match),
                 "without NAT an address can be of one zone only, and --no-nat " +
                     config::to_string(other) + " has some of these");
}

/// What can stand in the way of one network.
string why_not_inside(const Config& config, const Networks::Served& served) {
    const Prefix& prefix = served.prefix;
    if (net::is_martian(prefix.address) && prefix.length > 0)
        return "no host can have an address of this network";
    if (is_one_armed(config))
        return served.zone.value_or(0) == 0 ? "" : "a gateway with one arm has no zones";
    if (const Wan* wan = overlapping_wan(config, range_of(prefix)))
        return "some of its hosts would be on the subnet of --wan-address " + to_string(wan->own);
    if (!is_reachable_inside(config, served))
        return "its hosts are on the subnet of no --lan-address" +
               (served.zone ? " of zone " + std::to_string(*served.zone) : string()) +
               ", and no --route leads to them via an address there";
    return {};
}

/// Two that serve the same packets.
Error wrong_twin(const Networks::Served& served, const Networks::Served& first) {
    return wrong(served.flag, served.value(),
                 "--" + string(first.flag) + ' ' + first.value() + " is for the same packets");
}

Status check_inside(const Config& config, const Networks& networks) {
    std::map<string, const Networks::Served*> known;  // by the packets
    std::vector<policy::Match> matches;
    for (const Networks::Served& served : networks.served()) {
        const auto [twin, is_first] = known.emplace(served.text(), &served);
        if (!is_first)
            return wrong_twin(served, *twin->second);
        if (const string why = why_not_inside(config, served); !why.empty())
            return wrong(served.flag, served.value(), why);
        matches.push_back({served.prefix, served.toward, served.zone});
    }
    if (policy::Classifier::most_conditions(matches) > policy::kMostConditions)
        return wrong("snat", "",
                     "rules toward one destination name more than 64 different ranges "
                     "of ports that have a port in common");
    return Done{};
}

/// Without NAT an address is one host's, of one zone.
Status check_no_nat(const Config& config, const Networks&) {
    std::map<std::pair<Be32, uint8_t>, const policy::Match*> of_zones;  // outer before inner
    for (const policy::Match& match : config.no_nat) {
        if (!match.zone)
            continue;
        const auto [other, is_first] = of_zones.emplace(
            std::pair(match.inside.network().address, match.inside.length), &match);
        if (!is_first && other->second->zone != match.zone)
            return in_two_zones(match, *other->second);
    }
    std::vector<const policy::Match*> around;  // each within the one before it
    for (const auto& [place, match] : of_zones) {
        while (!around.empty() && !is_within(match->inside, around.back()->inside))
            around.pop_back();
        if (!around.empty() && around.back()->zone != match->zone)
            return in_two_zones(*match, *around.back());
        around.push_back(match);
    }
    return Done{};
}

Status check_denied(const Config& config, const Networks& networks) {
    for (const policy::Match& match : config.deny) {
        if (match.zone && !has_zone(config, *match.zone))
            return wrong("deny", config::to_string(match), "there is no --lan of this zone");
        if (!networks.is_any_served(match.inside, match.zone))
            return wrong("deny", config::to_string(match), "no rule serves any of these hosts");
    }
    if (policy::Classifier::most_conditions(config.deny) > policy::kMostConditions)
        return wrong("deny", "",
                     "toward one destination there are more than 64 different ranges "
                     "of ports that have a port in common");
    return Done{};
}

/// The subnet of a port that a route's network lies in, of those that its packets may meet.
std::optional<Prefix> subnet_around(const Config& config, const StaticRoute& route,
                                    bool goes_inside) {
    for (const Wan& wan : config.wans)
        if (is_within(route.prefix, wan.own))
            return wan.own;
    for (const Lan& lan : config.lans)
        if (!route.prefix6 && (!goes_inside || lan.zone == route.zone) &&
            is_within(route.prefix, lan.own))
            return lan.own;
    return std::nullopt;
}

Status check_route(const Config& config, const Networks& networks, const StaticRoute& route) {
    const string text = to_string(route);
    if (route.prefix.length == 0)
        return wrong("route", text, "the default route is the one via --gateway");
    if (net::is_martian(route.prefix.address))
        return wrong("route", text, "nothing is ever sent to such addresses");
    const Lan* lan = lan_of(config, {route.via, route.zone});
    if (lan == nullptr && route.zone != 0)
        return wrong("route", text, "its next hop is on the subnet of no --lan of that zone");
    const Wan* wan = wan_of(config, route.via);
    const bool goes_inside = lan != nullptr;
    if (lan == nullptr && wan == nullptr)
        return wrong("route", text, "its next hop is on the subnet of no port");
    const Prefix& subnet = goes_inside ? lan->own : wan->own;
    if (route.via == subnet.address)
        return wrong("route", text, "its next hop is the gateway's own address");
    if (is_reserved_in(subnet, route.via))
        return wrong("route", text, "no host has the address of its next hop");
    if (const auto linked = subnet_around(config, route, goes_inside))
        return wrong("route", text,
                     "it leads to the subnet of a port, " + to_string(linked->network()));
    for (const Networks::Served& inside : networks.served())
        if (!goes_inside && !is_one_armed(config) && is_within(route.prefix, inside.prefix))
            return wrong(
                "route", text,
                "it leads outside to addresses of --" + string(inside.flag) + ' ' + inside.text());
    return Done{};
}

Status check_routes(const Config& config, const Networks& networks) {
    /// The routes to one prefix: one outside, or one in each zone.
    struct Known {
        const StaticRoute* first = nullptr;
        bool goes_inside = false;
        std::set<uint16_t> zones;
    };
    std::map<std::pair<Be32, uint8_t>, Known> known;
    for (const StaticRoute& route : config.routes) {
        if (Status status = check_route(config, networks, route); !status)
            return status;
        const bool goes_inside = lan_of(config, {route.via, route.zone}) != nullptr;
        const auto [twin, is_first] = known.try_emplace(
            std::pair(route.prefix.address, route.prefix.length), Known{&route, goes_inside, {}});
        if (!twin->second.zones.insert(route.zone).second ||
            twin->second.goes_inside != goes_inside)
            return wrong("route", to_string(route),
                         "there is a route to this prefix already, via " +
                             net::to_string(twin->second.first->via));
    }
    return Done{};
}

}  // namespace

bool has_zone(const Config& config, uint16_t zone) {
    return std::any_of(config.lans.begin(), config.lans.end(),
                       [zone](const Lan& lan) { return lan.zone == zone; });
}

Status check_addresses(const Config& config, const Networks& networks) {
    for (const auto check : {check_own_addresses, check_gateways})
        if (Status status = check(config); !status)
            return status;
    for (const auto check : {check_routes, check_inside, check_no_nat, check_denied, check_pools})
        if (Status status = check(config, networks); !status)
            return status;
    return Done{};
}

}  // namespace sluice::config
