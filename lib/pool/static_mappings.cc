// SPDX-License-Identifier: BSD-3-Clause
#include "pool/static_mappings.h"

#include <algorithm>
#include <tuple>

namespace sluice::pool {
namespace {

using net::Endpoint;

auto order_of(net::Protocol protocol, Endpoint endpoint) {
    return std::tuple(protocol, endpoint.address, endpoint.port);
}

/// Sorts by one end of a forward; those that have it in common keep their order.
template <Endpoint Forward::*End>
std::vector<Forward> sorted(std::span<const Forward> forwards) {
    std::vector<Forward> result(forwards.begin(), forwards.end());
    std::stable_sort(result.begin(), result.end(), [](const Forward& a, const Forward& b) {
        return order_of(a.protocol, a.*End) < order_of(b.protocol, b.*End);
    });
    return result;
}

template <Be32 OneToOne::*End>
std::vector<OneToOne> sorted(std::span<const OneToOne> addresses) {
    std::vector<OneToOne> result(addresses.begin(), addresses.end());
    std::sort(result.begin(), result.end(),
              [](const OneToOne& a, const OneToOne& b) { return a.*End < b.*End; });
    return result;
}

template <Endpoint Forward::*End>
const Forward* find(const std::vector<Forward>& forwards, net::Protocol protocol, Endpoint wanted) {
    const auto place = std::lower_bound(
        forwards.begin(), forwards.end(), order_of(protocol, wanted),
        [](const Forward& a, const auto& b) { return order_of(a.protocol, a.*End) < b; });
    const bool found =
        place != forwards.end() && place->protocol == protocol && (*place).*End == wanted;
    return found ? &*place : nullptr;
}

template <Be32 OneToOne::*End>
const OneToOne* find(const std::vector<OneToOne>& addresses, Be32 wanted) {
    const auto place =
        std::lower_bound(addresses.begin(), addresses.end(), wanted,
                         [](const OneToOne& a, Be32 address) { return a.*End < address; });
    return place != addresses.end() && (*place).*End == wanted ? &*place : nullptr;
}

}  // namespace

StaticSet::StaticSet(std::span<const Forward> forwards, std::span<const OneToOne> addresses)
    : by_external_(sorted<&Forward::external>(forwards)),
      by_internal_(sorted<&Forward::internal>(forwards)),
      one_by_external_(sorted<&OneToOne::external>(addresses)),
      one_by_internal_(sorted<&OneToOne::internal>(addresses)) {
    for (const Forward& forward : forwards)
        external_.push_back(forward.external.address);
    for (const OneToOne& address : addresses)
        external_.push_back(address.external);
    std::sort(external_.begin(), external_.end());
    external_.erase(std::unique(external_.begin(), external_.end()), external_.end());
    // Without any, a range that holds no address.
    first_ = external_.empty() ? Be32::from_host(1) : external_.front();
    last_ = external_.empty() ? Be32::from_host(0) : external_.back();
}

bool StaticSet::search(Be32 address) const {
    return std::binary_search(external_.begin(), external_.end(), address);
}

std::optional<Endpoint> StaticSet::inside_of(net::Protocol protocol, Endpoint external) const {
    if (const auto* forward = find<&Forward::external>(by_external_, protocol, external))
        return forward->internal;
    if (const auto* address = find<&OneToOne::external>(one_by_external_, external.address))
        return Endpoint{address->internal, external.port};
    return std::nullopt;
}

std::optional<Endpoint> StaticSet::outside_of(net::Protocol protocol, Endpoint internal) const {
    if (const auto* forward = find<&Forward::internal>(by_internal_, protocol, internal))
        return forward->external;
    if (const auto* address = find<&OneToOne::internal>(one_by_internal_, internal.address))
        return Endpoint{address->external, internal.port};
    return std::nullopt;
}

bool StaticSet::reserves(net::Protocol protocol, Endpoint external) const {
    return find<&Forward::external>(by_external_, protocol, external) != nullptr;
}

bool StaticSet::reserves_of(Be32 address, PortRange ports) const {
    const auto has = [&](net::Protocol protocol) {
        const auto place = std::lower_bound(
            by_external_.begin(), by_external_.end(),
            order_of(protocol, {address, Be16::from_host(ports.first)}),
            [](const Forward& a, const auto& b) { return order_of(a.protocol, a.external) < b; });
        return place != by_external_.end() && place->protocol == protocol &&
               place->external.address == address && ports.contains(place->external.port.host());
    };
    return contains(address) && (has(net::Protocol::Tcp) || has(net::Protocol::Udp));
}

}  // namespace sluice::pool
