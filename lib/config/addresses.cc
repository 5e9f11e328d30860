// SPDX-License-Identifier: BSD-3-Clause
#include "config/addresses.h"

#include "config/read.h"
#include "net/text.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
namespace {

using net::Prefix;
using net::to_string;
using std::string;
using std::string_view;

AddressRange range_of(const Prefix& prefix) {
    return {prefix.network().address, prefix.broadcast()};
}

bool overlap(const AddressRange& a, const AddressRange& b) {
    return a.first <= b.last && b.first <= a.last;
}

bool overlap(const Prefix& a, const Prefix& b) {
    return overlap(range_of(a), range_of(b));
}

bool is_within(const Prefix& inner, const Prefix& outer) {
    return inner.length >= outer.length && outer.contains(inner.address);
}

/// The first or last address of a subnet, which no host has. A /31 has neither (RFC 3021).
bool is_reserved_in(const Prefix& subnet, Be32 address) {
    return subnet.length <= 30 &&
           (address == subnet.network().address || address == subnet.broadcast());
}

Status check_own_address(string_view flag, const Prefix& own) {
    constexpr uint8_t kShortest = 1;
    constexpr uint8_t kLongest = 31;
    if (own.length < kShortest || own.length > kLongest)
        return wrong(flag, to_string(own), "a subnet of /1 to /31 is wanted");
    if (net::is_martian(own.address))
        return wrong(flag, to_string(own), "no host can have this address");
    if (is_reserved_in(own, own.address))
        return wrong(flag, to_string(own),
                     own.address == own.broadcast()
                         ? "this is the broadcast address of its subnet"
                         : "this is the address of the subnet itself; name the gateway's own");
    return Done{};
}

Status check_own_addresses(const Config& config) {
    if (Status status = check_own_address("lan-address", config.lan_address); !status)
        return status;
    if (Status status = check_own_address("wan-address", config.wan_address); !status)
        return status;
    if (overlap(config.lan_address, config.wan_address))
        return wrong("wan-address", to_string(config.wan_address),
                     "its subnet overlaps that of --lan-address " + to_string(config.lan_address));
    return Done{};
}

Status check_gateway(const Config& config) {
    const string text = to_string(config.gateway);
    if (config.gateway == config.wan_address.address)
        return wrong("gateway", text, "this is the address of --wan-address");
    if (!config.wan_address.contains(config.gateway))
        return wrong("gateway", text,
                     "it is not on the subnet of --wan-address " + to_string(config.wan_address));
    if (is_reserved_in(config.wan_address, config.gateway))
        return wrong("gateway", text,
                     "no host has this address on the subnet of --wan-address " +
                         to_string(config.wan_address));
    return Done{};
}

/// A network of inside hosts, and the flag and value that named it.
struct Served {
    string_view flag;
    string text;
    Prefix prefix;
};

std::vector<Served> served(const Config& config) {
    std::vector<Served> all;
    for (const Prefix& prefix : config.inside)
        all.push_back({"inside", to_string(prefix), prefix});
    for (const SnatRule& rule : config.snat)
        all.push_back({"snat", to_string(rule.inside), rule.inside});
    for (const Prefix& prefix : config.no_nat)
        all.push_back({"no-nat", to_string(prefix), prefix});
    return all;
}

/// The addresses of one pool; `count` adds up those of all.
Status check_pool(const Config& config, string_view flag, const std::vector<AddressRange>& pool,
                  uint64_t& count) {
    constexpr uint64_t kMostAddresses = 65536;
    for (auto range = pool.begin(); range != pool.end(); ++range) {
        if (const string why = why_not_public(config, *range); !why.empty())
            return wrong(flag, to_string(*range), why);
        const auto twin = std::find_if(
            pool.begin(), range, [&](const AddressRange& other) { return overlap(*range, other); });
        if (twin != range)
            return wrong(flag, to_string(*range), "it overlaps " + to_string(*twin));
        count += uint64_t{range->last.host()} - range->first.host() + 1;
        if (count > kMostAddresses)
            return wrong(flag, to_string(*range), "pools have at most 65536 addresses in all");
    }
    return Done{};
}

Status check_pools(const Config& config) {
    uint64_t count = 0;
    if (Status status = check_pool(config, "pool", config.pool, count); !status)
        return status;
    for (auto rule = config.snat.begin(); rule != config.snat.end(); ++rule) {
        const bool is_shared = std::any_of(config.snat.begin(), rule, [&](const SnatRule& other) {
            return other.addresses == rule->addresses;
        });
        if (is_shared)
            continue;
        if (Status status = check_pool(config, "snat", rule->addresses, count); !status)
            return status;
    }
    return Done{};
}

/// A network is of use inside when some of it lies on the subnet or behind a router there.
bool is_reachable_inside(const Config& config, const Prefix& inside) {
    return overlap(inside, config.lan_address) ||
           std::any_of(config.routes.begin(), config.routes.end(), [&](const StaticRoute& route) {
               return config.lan_address.contains(route.via) && overlap(route.prefix, inside);
           });
}

Status check_inside(const Config& config) {
    const std::vector<Served> all = served(config);
    for (auto inside = all.begin(); inside != all.end(); ++inside) {
        const auto& [flag, text, prefix] = *inside;
        if (net::is_martian(prefix.address) && prefix.length > 0)
            return wrong(flag, text, "no host can have an address of this network");
        if (overlap(prefix, config.wan_address))
            return wrong(
                flag, text,
                "it overlaps the subnet of --wan-address " + to_string(config.wan_address));
        const auto twin = std::find_if(all.begin(), inside, [&](const Served& other) {
            return other.prefix == inside->prefix;
        });
        if (twin != inside)
            return wrong(flag, text, "it is there already, as --" + string(twin->flag));
        if (!is_reachable_inside(config, prefix))
            return wrong(flag, text,
                         "it is not on the subnet of --lan-address, and no --route leads to it "
                         "via an address there");
    }
    return Done{};
}

Status check_route(const Config& config, const StaticRoute& route) {
    const string text = to_string(route.prefix) + " via " + to_string(route.via);
    if (route.prefix.length == 0)
        return wrong("route", text, "the default route is the one via --gateway");
    if (net::is_martian(route.prefix.address))
        return wrong("route", text, "nothing is ever sent to such addresses");
    const bool goes_inside = config.lan_address.contains(route.via);
    const Prefix& subnet = goes_inside ? config.lan_address : config.wan_address;
    if (!subnet.contains(route.via))
        return wrong("route", text, "its next hop is on the subnet of neither port");
    if (route.via == subnet.address)
        return wrong("route", text, "its next hop is the gateway's own address");
    if (is_reserved_in(subnet, route.via))
        return wrong("route", text, "no host has the address of its next hop");
    for (const Prefix& linked : {config.lan_address, config.wan_address})
        if (is_within(route.prefix, linked))
            return wrong("route", text,
                         "it leads to the subnet of a port, " + to_string(linked.network()));
    for (const Served& inside : served(config))
        if (!goes_inside && is_within(route.prefix, inside.prefix))
            return wrong(
                "route", text,
                "it leads outside to addresses of --" + string(inside.flag) + ' ' + inside.text);
    return Done{};
}

Status check_routes(const Config& config) {
    for (auto route = config.routes.begin(); route != config.routes.end(); ++route) {
        if (Status status = check_route(config, *route); !status)
            return status;
        const auto twin = std::find_if(config.routes.begin(), route, [&](const StaticRoute& other) {
            return other.prefix == route->prefix;
        });
        if (twin != route)
            return wrong("route", to_string(route->prefix) + " via " + to_string(route->via),
                         "there is a route to this prefix already, via " + to_string(twin->via));
    }
    return Done{};
}

}  // namespace

string why_not_public(const Config& config, const AddressRange& range) {
    const Prefix& wan = config.wan_address;
    if (net::is_martian(range.first) || net::is_martian(range.last) ||
        overlap(range, {Be32::from_host(127U << 24), Be32::from_host((128U << 24) - 1)}))
        return "it contains addresses that no host can have";
    if (range.contains(config.gateway))
        return "it contains the address of --gateway " + to_string(config.gateway);
    if (overlap(range, range_of(config.lan_address)))
        return "it overlaps the subnet of --lan-address " + to_string(config.lan_address);
    if (wan.length <= 30 &&
        (range.contains(wan.network().address) || range.contains(wan.broadcast())))
        return "it contains the network or broadcast address of --wan-address " + to_string(wan);
    for (const Served& inside : served(config))
        if (overlap(range, range_of(inside.prefix)))
            return "it overlaps --" + string(inside.flag) + ' ' + inside.text;
    return {};
}

bool is_served(const Config& config, Be32 inside) {
    const std::vector<Served> all = served(config);
    return std::any_of(all.begin(), all.end(),
                       [&](const Served& network) { return network.prefix.contains(inside); });
}

bool is_in_pool(const Config& config, Be32 address) {
    const auto is_in = [&](const std::vector<AddressRange>& pool) {
        return std::any_of(pool.begin(), pool.end(),
                           [&](const AddressRange& range) { return range.contains(address); });
    };
    return is_in(config.pool) ||
           std::any_of(config.snat.begin(), config.snat.end(),
                       [&](const SnatRule& rule) { return is_in(rule.addresses); });
}

Status check_addresses(const Config& config) {
    for (const auto check :
         {check_own_addresses, check_gateway, check_routes, check_inside, check_pools})
        if (Status status = check(config); !status)
            return status;
    return Done{};
}

}  // namespace sluice::config
