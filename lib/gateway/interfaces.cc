// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/interfaces.h"

#include "config/ports.h"
#include "gateway/rules.h"

#include <string>
#include <string_view>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr link::InterfaceId kLan = 0;
constexpr link::InterfaceId kWan = 1;

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

}  // namespace

Result<link::Interfaces> interfaces_of(const config::Config& config,
                                       std::span<io::Port* const> ports) {
    const Builder builder{config, ports};
    std::vector<link::Interface> interfaces;
    if (config::is_one_armed(config)) {
        interfaces.push_back(builder.make(config.lan, link::Realm::ByAddress, config.lan_address));
        if (config.wan_address != config.lan_address)
            interfaces.back().own.push_back(config.wan_address);
    } else {
        interfaces.push_back(builder.make(config.lan, link::Realm::Inside, config.lan_address));
        interfaces.push_back(builder.make(config.wan, link::Realm::Outside, config.wan_address));
    }
    interfaces.back().answered = public_ranges(config);
    return link::Interfaces::create(std::move(interfaces));
}

std::vector<control::FixedNeighbour> fixed_neighbours(const config::Config& config,
                                                      const link::Interfaces& interfaces) {
    std::vector<control::FixedNeighbour> all;
    for (const config::FixedNeighbour& each : config.fixed_neighbours) {
        link::InterfaceId id = config::is_one_armed(config) ? kLan : kWan;  // of --gateway
        for (size_t other = 0; other < interfaces.size(); ++other)
            if (const auto found = static_cast<link::InterfaceId>(other);
                interfaces[found].has_on_link(each.address))
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
    const link::InterfaceId wan = config::is_one_armed(config) ? kLan : kWan;
    std::vector<link::Route> routes{
        {config.lan_address.network(), kLan, {}},
        {config.wan_address.network(), wan, {}},
        {net::Prefix{}, wan, config.gateway},
    };
    for (const auto& [prefix, via] : config.routes)
        routes.push_back({prefix, config.lan_address.contains(via) ? kLan : wan, via});
    return routes;
}

}  // namespace sluice::gateway
