// SPDX-License-Identifier: BSD-3-Clause
#include "config/neighbours.h"

#include "config/read.h"
#include "link/next_hops.h"
#include "net/text.h"

#include <algorithm>
#include <string_view>

namespace sluice::config {
namespace {

/// Empty where a host of a subnet can have the address.
std::string why_not(const Config& config, const FixedNeighbour& neighbour) {
    if (neighbour.ipv6)
        return neighbour.ipv6 == config.gateway6 && neighbour.zone == 0
                   ? ""
                   : "of IPv6 neighbours --gateway6 alone can be named, without a zone";
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

uint32_t hosts_on(const net::Prefix& subnet) {
    return static_cast<uint32_t>(
        std::min(uint64_t{1} << (32 - subnet.length), uint64_t{link::kMaxHops}));
}

/// The next hops that keep their places.
size_t count_kept(const Config& config) {
    return config.fixed_neighbours.size() + config.routes.size() + config.wans.size();
}

}  // namespace

std::string to_string(const FixedNeighbour& neighbour) {
    const std::string address =
        neighbour.ipv6 ? net::to_string(*neighbour.ipv6) : net::to_string(neighbour.address);
    return address + "=" + net::to_string(neighbour.mac) + zone_text(neighbour.zone);
}

uint32_t places_for_neighbours(const Config& config) {
    constexpr uint64_t kLeast = 16384;
    if (config.neighbours != 0)
        return config.neighbours;
    uint64_t hosts = 0;
    for (const Lan& lan : config.lans)
        hosts += hosts_on(lan.own);
    for (const Wan& wan : config.wans)
        hosts += hosts_on(wan.own);
    return static_cast<uint32_t>(std::clamp(hosts + hosts / 8, kLeast, uint64_t{link::kMaxHops}));
}

Status check_neighbours(const Config& config) {
    const auto& all = config.fixed_neighbours;
    for (auto each = all.begin(); each != all.end(); ++each) {
        if (const std::string why = why_not(config, *each); !why.empty())
            return wrong("neighbour", to_string(*each), why);
        const auto twin = std::find_if(all.begin(), each, [&](const FixedNeighbour& other) {
            return other.address == each->address && other.zone == each->zone &&
                   other.ipv6 == each->ipv6;
        });
        if (twin != each)
            return wrong("neighbour", to_string(*each),
                         "it is at " + net::to_string(twin->mac) + " too");
    }
    const uint32_t places = places_for_neighbours(config);
    if (count_kept(config) * 2 > places)
        return wrong("neighbours", std::to_string(places),
                     "--neighbour, --route and --gateway may name half as many at most");
    return Done{};
}

}  // namespace sluice::config
