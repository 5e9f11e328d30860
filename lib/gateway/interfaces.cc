// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/interfaces.h"

#include "config/ipv6.h"
#include "config/ports.h"
#include "config/twins.h"
#include "config/uplinks.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::gateway {
namespace {

/// Finds ports by what the operator calls them.
struct Builder {
    std::vector<config::SharedPort> names;
    std::span<io::Port* const> ports;

    link::Interface make(const config::Attachment& attachment, link::Realm realm,
                         const net::Prefix& own) const {
        link::Interface interface;
        interface.port = static_cast<link::PortIndex>(
            std::ranges::find(names, attachment.port, &config::SharedPort::port) - names.begin());
        interface.vlan = attachment.vlan;
        interface.mac = ports[interface.port]->mac();
        interface.mtu = ports[interface.port]->mtu();
        interface.realm = realm;
        interface.own = {own};
        return interface;
    }

    link::Interface inside(const config::Lan& lan) const {
        link::Interface interface = make(lan.at, link::Realm::Inside, lan.own);
        interface.zone = lan.zone;
        if (lan.at.vlan == link::kIpv6Side)
            interface.own.push_back(
                {Be32::from_host(lan.own.network().address.host() | nat64::kLinkLocalNumber),
                 lan.own.length});
        return interface;
    }

    /// Where --lan and --wan are one.
    link::Interface arm(const config::Config& config) const {
        const config::Lan& lan = config.lans.front();
        link::Interface interface = make(lan.at, link::Realm::ByAddress, lan.own);
        if (const net::Prefix& own = config.wans.front().own; own != lan.own)
            interface.own.push_back(own);
        return interface;
    }
};

/// The interface of the --wan in this place; they come after those of --lan. An only arm comes
/// first.
link::InterfaceId outer_of(const config::Config& config, size_t place) {
    return static_cast<link::InterfaceId>(
        config::is_one_armed(config) ? 0 : config.lans.size() + place);
}

link::InterfaceId id_of(const config::Config& config, const config::Wan& wan) {
    return outer_of(config, static_cast<size_t>(&wan - config.wans.data()));
}

link::InterfaceId id_of(const config::Config& config, const config::Lan& lan) {
    return static_cast<link::InterfaceId>(&lan - config.lans.data());
}

/// That of the IPv6 side outside, behind all others.
link::InterfaceId id_of_wan6(const config::Config& config) {
    return outer_of(config, config.wans.size());
}

Be32 numbered(const config::Config& config, uint32_t number) {
    return Be32::from_host(config.numbers.network().address.host() | number);
}

std::optional<nat64::OutsideSide> outside_of(const config::Config& config,
                                             const link::Interfaces& interfaces) {
    if (!config.wan6)
        return std::nullopt;
    const link::Interface& side = interfaces[id_of_wan6(config)];
    nat64::OutsideSide outside{side.mac, side.port, {config.nptv6, {}}};
    for (const config::StaticRoute& route : config.routes)
        if (route.prefix6)
            outside.crossing.routes.push_back({*route.prefix6, route.via});
    return outside;
}

/// The one behind which a neighbour is: on whose subnet it is, or whose gateway.
link::InterfaceId id_toward(const config::Config& config, net::InsideAddress neighbour) {
    if (const config::Lan* lan = config::lan_of(config, neighbour))
        return id_of(config, *lan);
    for (const config::Wan& wan : config.wans)
        if (wan.own.contains(neighbour.address) || wan.gateway == neighbour.address)
            return id_of(config, wan);
    return outer_of(config, 0);
}

}  // namespace

Result<link::Interfaces> interfaces_of(const config::Config& config,
                                       std::span<io::Port* const> ports) {
    const Builder builder{config::ports_of(config), ports};
    std::vector<link::Interface> interfaces;
    const bool is_one_armed = config::is_one_armed(config);
    for (const config::Lan& lan : config.lans)
        interfaces.push_back(is_one_armed && interfaces.empty() ? builder.arm(config)
                                                                : builder.inside(lan));
    if (!is_one_armed)
        for (const config::Wan& wan : config.wans)
            interfaces.push_back(builder.make(wan.at, link::Realm::Outside, wan.own));
    for (const config::NamedTwin& twin : config::twins_of(config))
        interfaces[twin.interface].twin = twin.name;
    if (config.wan6) {
        constexpr uint8_t kAlone = net::kHostLength;
        interfaces.push_back(builder.make({config.wans.front().at.port, link::kIpv6Side},
                                          link::Realm::Outside,
                                          {numbered(config, nat64::kOutsideLinkLocal), kAlone}));
        // Behind it, for the last is that by which hosts beyond the link know the gateway.
        interfaces.back().own.push_back({numbered(config, nat64::kOutsideOwn), kAlone});
    }
    return link::Interfaces::create(std::move(interfaces));
}

std::optional<nat64::EdgeParams> ipv6_of(const config::Config& config,
                                         const link::Interfaces& interfaces) {
    const auto side = std::ranges::find(interfaces, link::kIpv6Side, &link::Interface::vlan);
    if (!config.lan6 || side == interfaces.end())
        return std::nullopt;
    nat64::EdgeParams params{
        .addresses = {config.nat64, *config.lan6,
                      // Hosts have a route by it, and the other one of a pair has another MAC.
                      config.sync ? net::link_local_beside(config.lan6->address)
                                  : net::link_local_of(side->mac),
                      config.numbers.network(), config::ipv6_behind_routers(config)},
        .mac = side->mac,
        .advertises = config.advertises_router,
        .dns = config.dns6,
        .pace = std::make_shared<nat64::RouterPace>(),
        .port = side->port,
        .outside = outside_of(config, interfaces),
    };
    if (params.outside)
        params.addresses.outside = {*config.wan6, net::link_local_of(params.outside->mac),
                                    *config.gateway6};
    if (!config.route6.empty()) {
        params.addresses.peers = {{}, config.peers};
        for (const policy::Match& match : config.route6)
            params.addresses.peers->hosts.push_back(*match.inside6);
    }
    return params;
}

std::vector<control::FixedNeighbour> fixed_neighbours(const config::Config& config) {
    std::vector<control::FixedNeighbour> all;
    for (const config::FixedNeighbour& each : config.fixed_neighbours) {
        const link::Toward toward =
            each.ipv6 ? link::Toward{id_of_wan6(config), numbered(config, nat64::kOutsideGateway)}
                      : link::Toward{id_toward(config, {each.address, each.zone}), each.address};
        all.push_back({toward, each.mac});
    }
    return all;
}

std::vector<listing::InterfaceName> names_of(const link::Interfaces& interfaces) {
    static constexpr std::string_view kRealms[] = {"inside", "outside", "inside and outside"};
    std::vector<listing::InterfaceName> names;
    std::map<std::string, std::vector<link::PortIndex>> ports;  // of each flag
    for (const link::Interface& interface : interfaces) {
        listing::InterfaceName& name = names.emplace_back();
        name.name = interface.realm == link::Realm::Outside ? "wan" : "lan";
        std::vector<link::PortIndex>& known = ports[name.name];
        auto place = std::find(known.begin(), known.end(), interface.port);
        if (place == known.end())
            place = known.insert(place, interface.port);
        if (place != known.begin())
            name.name += std::to_string(place - known.begin() + 1);
        if (interface.vlan == link::kIpv6Side)
            name.name += "-ipv6";
        else if (interface.vlan != link::kUntagged)
            name.name += "." + std::to_string(interface.vlan);
        name.realm = kRealms[index(interface.realm)];
        name.mac = interface.mac;
    }
    return names;
}

link::Uplinks uplinks_of(const config::Config& config, const SipKey& key) {
    link::UplinksParams params;
    for (size_t place = 0; place < config.wans.size(); ++place)
        params.uplinks.push_back({{outer_of(config, place), config.wans[place].gateway},
                                  config::weight_of(config, place)});
    params.belongings = config::belongings(config);
    params.key = key;
    // A host that goes by several uplinks has a block of ports at each.
    params.by_host =
        config.uplink_choice == config::UplinkChoice::Host || config.holders.blocks.size != 0;
    return link::Uplinks(std::move(params));
}

std::vector<link::Route> routes_of(const config::Config& config) {
    std::vector<link::Route> routes;
    for (const config::Lan& lan : config.lans)
        routes.push_back({lan.own.network(), id_of(config, lan), {}, lan.zone});
    for (const config::Wan& wan : config.wans)
        routes.push_back({wan.own.network(), id_of(config, wan), {}});
    routes.push_back({net::Prefix{}, outer_of(config, 0), config.wans.front().gateway});
    if (config.wan6) {  // where no packet goes by it, the next hop is known by its number
        const Be32 gateway = numbered(config, nat64::kOutsideGateway);
        routes.push_back({{gateway, net::kHostLength}, id_of_wan6(config), gateway});
        if (!config.route6.empty())
            routes.push_back({config.peers, id_of_wan6(config), gateway});
    }
    for (const config::StaticRoute& route : config.routes)
        if (const config::Lan* lan = config::lan_of(config, {route.via, route.zone}))
            routes.push_back({route.prefix, id_of(config, *lan), route.via, route.zone});
        else
            routes.push_back({route.prefix, id_toward(config, route.via), route.via});
    return routes;
}

}  // namespace sluice::gateway
