// SPDX-License-Identifier: BSD-3-Clause
#include "link/routes.h"

#include <algorithm>
#include <utility>

namespace sluice::link {

/// Without a zone but 0 all are everybody's: then one search finds all there is.
Routes::Routes(std::span<const Route> routes, Uplinks uplinks)
    : routes_(routes.begin(), routes.end()), uplinks_(std::move(uplinks)) {
    for (UplinkId id = 0; id < uplinks_.size(); ++id)
        defaults_.push_back({{}, uplinks_[id].gateway.interface, uplinks_[id].gateway.address});
    have_zones_ = std::any_of(routes_.begin(), routes_.end(),
                              [](const Route& route) { return route.zone.value_or(0) != 0; });
    std::vector<net::Numbered> prefixes;
    std::vector<net::ZonedPrefix> zoned;
    for (auto i = static_cast<uint32_t>(routes_.size());
         i-- > 0;) {  // of equal ones the first counts
        prefixes.push_back({routes_[i].prefix, i});
        zoned.push_back({routes_[i].prefix, i, have_zones_ ? routes_[i].zone : std::nullopt});
    }
    anywhere_ = net::longest_prefix(prefixes);
    zoned_ = net::ZonedSteps(zoned);
}

Leads Routes::leads(net::InsideAddress destination) const {
    const Route* anywhere = at(anywhere_.find(destination.address.host()));
    return {have_zones_ ? match(destination) : anywhere, anywhere};
}

std::optional<Toward> Routes::toward(const Route* route, Be32 destination) {
    if (route == nullptr)
        return std::nullopt;
    return Toward{route->interface, route->via == Be32{} ? destination : route->via};
}

const Route* Routes::match_from(UplinkId uplink, const Leads& leads) const {
    const Route* route = leads.anywhere;
    const auto by = route == nullptr ? std::nullopt : uplinks_.on(route->interface);
    return !by || *by == uplink ? route : &defaults_[uplink];
}

const Route* Routes::match_outside(const net::Tuple& leaving, UplinkSet living,
                                   const Leads& leads) const {
    return uplinks_.are_several() ? match_from(uplink_of(leaving, living, leads), leads)
                                  : leads.anywhere;
}

/// What has a source of no uplink goes by a route of its own, or with all that is sent from this
/// address: the tuple's zone is that of its other end.
UplinkId Routes::uplink_of(const net::Tuple& leaving, UplinkSet living, const Leads& leads) const {
    if (const auto owner = uplinks_.of(leaving.source))
        return *owner;
    const auto by = prescribed(leads);
    return by && contains(living, *by) ? *by : uplinks_.choose_for_host(leaving.source, living);
}

std::optional<UplinkId> Routes::prescribed(const Leads& leads) const {
    const Route* route = leads.anywhere;
    return route == nullptr || route->prefix.length == 0 ? std::nullopt
                                                         : uplinks_.on(route->interface);
}

std::vector<Toward> Routes::gateways() const {
    std::vector<Toward> gateways;
    for (const Route& route : routes_)
        if (route.via != Be32{})
            gateways.push_back({route.interface, route.via});
    for (size_t i = 1; i < defaults_.size(); ++i)  // the first is among the others
        gateways.push_back({defaults_[i].interface, defaults_[i].via});
    return gateways;
}

}  // namespace sluice::link
