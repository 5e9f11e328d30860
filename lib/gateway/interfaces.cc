// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/interfaces.h"

#include "config/ports.h"
#include "gateway/rules.h"

#include <string>
#include <string_view>
#include <utility>

namespace sluice::gateway {
namespace {

/// Finds ports by what the operator calls them.
struct Builder {
    const config::Config& config;
    std::span<io::Port* const> ports;

    link::Interface make(const config::Attachment& attachment, link::Realm realm,
                         const net::Prefix& own) const {
        link::Interface interface;
        interface.port = config::port_index(config, attachment);
        interface.vlan = attachment.vlan;
        interface.mac = ports[interface.port]->mac();
        interface.mtu = ports[interface.port]->mtu();
        interface.realm = realm;
        interface.own = {own};
        return interface;
    }
};

/// The interface of --wan, which is the last.
link::InterfaceId outer_of(const config::Config& config) {
    const size_t inside = config.lans.size();
    return static_cast<link::InterfaceId>(config::is_one_armed(config) ? inside - 1 : inside);
}

}  // namespace

Result<link::Interfaces> interfaces_of(const config::Config& config,
                                       std::span<io::Port* const> ports) {
    const Builder builder{config, ports};
    std::vector<link::Interface> interfaces;
    const bool is_one_armed = config::is_one_armed(config);
    if (is_one_armed) {
        const config::Lan& lan = config.lans.front();
        interfaces.push_back(builder.make(lan.at, link::Realm::ByAddress, lan.own));
        if (config.wan_address != lan.own)
            interfaces.back().own.push_back(config.wan_address);
    } else {
        for (const config::Lan& lan : config.lans) {
            interfaces.push_back(builder.make(lan.at, link::Realm::Inside, lan.own));
            interfaces.back().zone = lan.zone;
        }
        interfaces.push_back(builder.make(config.wan, link::Realm::Outside, config.wan_address));
    }
    if (!is_one_armed)
        interfaces.front().twin = config.lan_twin;
    interfaces.back().twin = config.wan_twin;
    interfaces.back().answered = public_ranges(config);
    return link::Interfaces::create(std::move(interfaces));
}

std::vector<control::FixedNeighbour> fixed_neighbours(const config::Config& config,
                                                      const link::Interfaces& interfaces) {
    std::vector<control::FixedNeighbour> all;
    for (const config::FixedNeighbour& each : config.fixed_neighbours) {
        link::InterfaceId id = outer_of(config);  // of --gateway
        for (size_t other = 0; other < interfaces.size(); ++other)
            if (const auto found = static_cast<link::InterfaceId>(other);
                interfaces[found].zone == each.zone && interfaces[found].has_on_link(each.address))
                id = found;
        all.push_back({{id, each.address}, each.mac});
    }
    return all;
}

std::vector<listing::InterfaceName> names_of(const link::Interfaces& interfaces) {
    static constexpr std::string_view kRealms[] = {"inside", "outside", "inside and outside"};
    std::vector<listing::InterfaceName> names;
    for (const link::Interface& interface : interfaces) {
        listing::InterfaceName& name = names.emplace_back();
        name.name = interface.realm == link::Realm::Outside ? "wan" : "lan";
        if (interface.vlan != link::kUntagged)
            name.name += "." + std::to_string(interface.vlan);
        name.realm = kRealms[index(interface.realm)];
        name.mac = interface.mac;
    }
    return names;
}

std::vector<link::Route> routes_of(const config::Config& config) {
    const auto id_of = [&](const config::Lan& lan) {
        return static_cast<link::InterfaceId>(&lan - config.lans.data());
    };
    const link::InterfaceId wan = outer_of(config);
    std::vector<link::Route> routes;
    for (const config::Lan& lan : config.lans)
        routes.push_back({lan.own.network(), id_of(lan), {}, lan.zone});
    routes.push_back({config.wan_address.network(), wan, {}});
    routes.push_back({net::Prefix{}, wan, config.gateway});
    for (const auto& [prefix, via, zone] : config.routes)
        if (const config::Lan* lan = config::lan_of(config, {via, zone}))
            routes.push_back({prefix, id_of(*lan), via, zone});
        else
            routes.push_back({prefix, wan, via});
    return routes;
}

}  // namespace sluice::gateway
