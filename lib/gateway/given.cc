// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/given.h"

#include <algorithm>
#include <optional>

namespace sluice::gateway {
namespace {

using listing::Hold;
using listing::Means;

/// Packets to this endpoint all go by a forward.
bool is_forwarded(const pool::StaticSet& statics, const listing::PublicEndpoint& endpoint) {
    if (!endpoint.port || !endpoint.protocol)
        return false;
    return statics.reserves(*endpoint.protocol,
                            {endpoint.address, Be16::from_host(*endpoint.port)});
}

std::optional<Hold> hold_by(const pool::Forward& forward, const listing::PublicEndpoint& endpoint) {
    const uint16_t first = forward.external.port.host();
    const auto last = static_cast<uint16_t>(first + forward.ports - 1);
    const bool is_meant = forward.external.address == endpoint.address &&
                          endpoint.is_of(forward.protocol) && endpoint.is_within(first, last);
    if (!is_meant)
        return std::nullopt;
    return Hold{.means = Means::Forward,
                .host = forward.internal.host(),
                .protocol = forward.protocol,
                .first_port = first,
                .last_port = last};
}

}  // namespace

listing::Given given(const policy::Policy& policy, std::span<const pool::Forward> all,
                     const listing::PublicEndpoint& endpoint) {
    listing::Given result{.block_ports = policy.holders.blocks.size, .holds = {}};
    for (const pool::Forward& forward : all)
        if (const auto hold = hold_by(forward, endpoint);
            hold && std::ranges::find(result.holds, *hold) == result.holds.end())
            result.holds.push_back(*hold);  // equal ones differ in whom they let in
    const pool::OneToOne* const pair = policy.statics.pair_of(endpoint.address);
    if (pair == nullptr || is_forwarded(policy.statics, endpoint))
        return result;
    const uint32_t offset = endpoint.address.host() - pair->externals().first.host();
    const net::Prefix inside{pair->internal, pair->length};
    const Be32 host = Be32::from_host(inside.network().address.host() + offset);
    result.holds.push_back({.means = Means::OneToOne, .host = {host, pair->zone}});
    return result;
}

}  // namespace sluice::gateway
