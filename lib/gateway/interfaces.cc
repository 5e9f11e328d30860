// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/interfaces.h"

#include "gateway/rules.h"

#include <utility>

namespace sluice::gateway {
namespace {

constexpr link::InterfaceId kLan = 0;
constexpr link::InterfaceId kWan = 1;

link::Interface interface_on(const io::Port& port, link::Realm realm, const net::Prefix& own) {
    link::Interface interface;
    interface.mac = port.mac();
    interface.mtu = port.mtu();
    interface.realm = realm;
    interface.own = {own};
    return interface;
}

}  // namespace

Result<link::Interfaces> interfaces_of(const config::Config& config,
                                       std::span<io::Port* const> ports) {
    std::vector<link::Interface> interfaces;
    if (config::is_one_armed(config)) {
        interfaces.push_back(
            interface_on(*ports[kLan], link::Realm::ByAddress, config.lan_address));
        if (config.wan_address != config.lan_address)
            interfaces.back().own.push_back(config.wan_address);
    } else {
        interfaces.push_back(interface_on(*ports[kLan], link::Realm::Inside, config.lan_address));
        interfaces.push_back(interface_on(*ports[kWan], link::Realm::Outside, config.wan_address));
        interfaces.back().port = kWan;
    }
    interfaces.back().answered = public_ranges(config);
    return link::Interfaces::create(std::move(interfaces));
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
