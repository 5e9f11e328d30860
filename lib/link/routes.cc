// SPDX-License-Identifier: BSD-3-Clause
#include "link/routes.h"

namespace sluice::link {

Routes::Routes(std::span<const Route> routes) : routes_(routes.begin(), routes.end()) {
    std::vector<net::Numbered> prefixes;
    for (auto i = static_cast<uint32_t>(routes_.size());
         i-- > 0;)  // of equal ones the first counts
        prefixes.push_back({routes_[i].prefix, i});
    steps_ = net::longest_prefix(prefixes);
}

const Route* Routes::match(Be32 destination) const {
    const uint32_t place = steps_.find(destination.host());
    return place == net::kNone ? nullptr : &routes_[place];
}

std::optional<Toward> Routes::find(Be32 destination) const {
    const Route* route = match(destination);
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
