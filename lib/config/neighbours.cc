// SPDX-License-Identifier: BSD-3-Clause
#include "config/neighbours.h"

#include "config/read.h"
#include "net/text.h"

#include <algorithm>
#include <string_view>

namespace sluice::config {
namespace {

/// Empty where a host of a subnet can have the address.
std::string why_not(const Config& config, const FixedNeighbour& neighbour) {
    const Be32 address = neighbour.address;
    const net::InsideAddress inside{address, neighbour.zone};
    if (net::is_martian(address))
        return "no host can have this address";
    if (is_own_inside(config, inside) || is_own_outside(config, address))
        return "this is the gateway's own address";
    if (lan_of(config, inside) != nullptr)
        return {};
    if (neighbour.zone != 0)
        return "it is on no subnet of that zone";
    const bool is_on_link = std::any_of(
        config.wans.begin(), config.wans.end(),
        [&](const Wan& wan) { return wan.own.contains(address) || address == wan.gateway; });
    return is_on_link ? "" : "it is on no subnet of the gateway's";
}

/// The next hops that keep their places.
size_t count_kept(const Config& config) {
    return config.fixed_neighbours.size() + config.routes.size() + config.wans.size();
}

}  // namespace

std::string to_string(const FixedNeighbour& neighbour) {
    return net::to_string(neighbour.address) + "=" + net::to_string(neighbour.mac) +
           zone_text(neighbour.zone);
}

Status check_neighbours(const Config& config) {
    const auto& all = config.fixed_neighbours;
    for (auto each = all.begin(); each != all.end(); ++each) {
        if (const std::string why = why_not(config, *each); !why.empty())
            return wrong("neighbour", to_string(*each), why);
        const auto twin = std::find_if(all.begin(), each, [&](const FixedNeighbour& other) {
            return other.address == each->address && other.zone == each->zone;
        });
        if (twin != each)
            return wrong("neighbour", to_string(*each),
                         "it is at " + net::to_string(twin->mac) + " too");
    }
    if (count_kept(config) * 2 > config.neighbours)
        return wrong("neighbours", std::to_string(config.neighbours),
                     "--neighbour, --route and --gateway may name half as many at most");
    return Done{};
}

}  // namespace sluice::config
