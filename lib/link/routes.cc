// SPDX-License-Identifier: BSD-3-Clause
#include "link/routes.h"

#include <algorithm>

namespace sluice::link {

/// Without a zone but 0 all are everybody's: then one search finds all there is.
Routes::Routes(std::span<const Route> routes) : routes_(routes.begin(), routes.end()) {
    const bool has_zones = std::any_of(routes_.begin(), routes_.end(), [](const Route& route) {
        return route.zone.value_or(0) != 0;
    });
    std::vector<net::Numbered> prefixes;
    std::vector<net::ZonedPrefix> zoned;
    for (auto i = static_cast<uint32_t>(routes_.size());
         i-- > 0;) {  // of equal ones the first counts
        prefixes.push_back({routes_[i].prefix, i});
        zoned.push_back({routes_[i].prefix, i, has_zones ? routes_[i].zone : std::nullopt});
    }
    anywhere_ = net::longest_prefix(prefixes);
    zoned_ = net::ZonedSteps(zoned);
}

const Route* Routes::match(net::InsideAddress destination) const {
    return at(zoned_.find(destination));
}

std::optional<Toward> Routes::find(net::InsideAddress destination) const {
    return toward(match(destination), destination.address);
}

std::optional<Toward> Routes::find_anywhere(Be32 destination) const {
    return toward(at(anywhere_.find(destination.host())), destination);
}

std::optional<Toward> Routes::toward(const Route* route, Be32 destination) {
    if (route == nullptr)
        return std::nullopt;
    return Toward{route->interface, route->via == Be32{} ? destination : route->via};
}

std::vector<Toward> Routes::gateways() const {
    std::vector<Toward> gateways;
    for (const Route& route : routes_)
        if (route.via != Be32{})
            gateways.push_back({route.interface, route.via});
    return gateways;
}

}  // namespace sluice::link
