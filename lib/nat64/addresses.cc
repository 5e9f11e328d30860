// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/addresses.h"

#include <algorithm>

namespace sluice::nat64 {

bool is_private(Be32 address) {
    for (const net::Prefix& prefix : kPrivateNetworks)
        if (prefix.contains(address))
            return true;
    return false;
}

bool is_global(const net::Ipv6Address& address) {
    return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() &&
           !address.is_link_local();
}

std::optional<Be32> Addresses::source(const net::Ipv6Address& host, Tick now) const {
    const auto number =
        giving_ == Giving::Gives ? numbers_.find_or_add(host, now) : numbers_.find_or_free(host);
    return number ? std::optional(in_network(*number)) : std::nullopt;
}

bool Addresses::may_send(const net::Ipv6Address& source,
                         const net::Ipv6Address& destination) const {
    if (source.is_multicast() || source.is_unspecified() || is_own(source) ||
        (params_.embedding && params_.embedding->prefix().contains(source)))
        return false;
    if (source.is_link_local())
        return is_own(destination);
    return is_inside(source);
}

bool Addresses::is_inside(const net::Ipv6Address& address) const {
    return params_.own.contains(address) ||
           std::any_of(params_.routed.begin(), params_.routed.end(),
                       [&](const net::Ipv6Prefix& prefix) { return prefix.contains(address); });
}

bool Addresses::is_own(const net::Ipv6Address& address, net::Side side) const {
    if (side == net::Side::Inside)
        return address == params_.own.address || address == params_.link_local;
    return params_.outside &&
           (address == params_.outside->own.address || address == params_.outside->link_local);
}

std::optional<Be32> Addresses::neighbour(const net::Ipv6Address& address, net::Side side) const {
    if (side == net::Side::Inside) {
        const auto own = of_gateway(address);
        return own ? own : host(address);
    }
    if (is_own(address, side))
        return in_network(address == params_.outside->own.address ? kOutsideOwn
                                                                  : kOutsideLinkLocal);
    return params_.outside && address == params_.outside->gateway ? std::optional(outside_gateway())
                                                                  : std::nullopt;
}

std::optional<Be32> Addresses::of_gateway(const net::Ipv6Address& address) const {
    if (!is_own(address))
        return std::nullopt;
    return in_network(address == params_.own.address ? kOwnNumber : kLinkLocalNumber);
}

std::optional<Be32> Addresses::destination(const net::Ipv6Address& address) const {
    if (const auto own = of_gateway(address))
        return own;
    const auto embedded =
        params_.embedding ? params_.embedding->to_ipv4(address) : std::optional<Be32>();
    if (!embedded || is_number(*embedded) ||
        (params_.embedding->is_well_known() && is_private(*embedded)))
        return std::nullopt;
    return embedded;
}

std::optional<Be32> Addresses::to_ipv4(const net::Ipv6Address& address) const {
    if (const auto known = destination(address))
        return known;
    const auto known = host(address);
    return known || !params_.peers ? known : peer(address);
}

bool Addresses::is_routed(const net::Ipv6Address& host) const {
    return params_.peers &&
           std::any_of(params_.peers->hosts.begin(), params_.peers->hosts.end(),
                       [&](const net::Ipv6Prefix& prefix) { return prefix.contains(host); });
}

std::optional<Be32> Addresses::peer(const net::Ipv6Address& address) const {
    const auto number = params_.peers->numbers->find(address);
    return number ? std::optional(of_peers(*number)) : std::nullopt;
}

std::optional<Be32> Addresses::peer(const net::Ipv6Address& address, Tick now) const {
    if (giving_ == Giving::Asks) {
        if (const auto known = peer(address))
            return known;
        return params_.peers->numbers->find_or_free(address)
                   ? std::optional(of_peers(kStrangerNumber))
                   : std::nullopt;
    }
    const auto number = params_.peers->numbers->find_or_add(address, now);
    return number ? std::optional(of_peers(*number)) : std::nullopt;
}

bool Addresses::may_be_peer(const net::Ipv6Address& address) const {
    return is_global(address) && !is_inside(address) && !is_routed(address) &&
           !is_own(address, net::Side::Outside) &&
           !(params_.embedding && params_.embedding->prefix().contains(address));
}

std::optional<Be32> Addresses::host(const net::Ipv6Address& address) const {
    const auto number = numbers_.find(address);
    return number ? std::optional(in_network(*number)) : std::nullopt;
}

std::optional<net::Ipv6Address> Addresses::to_ipv6(Be32 address) const {
    if (is_peer(address))
        return params_.peers->numbers->address(number_of_peer(address));
    if (!is_number(address))
        return params_.embedding ? std::optional(params_.embedding->to_ipv6(address))
                                 : std::nullopt;
    const uint32_t number = address.host() & ~params_.numbers.mask();
    if (is_of_outside(number))
        return number == kOutsideOwn         ? params_.outside->own.address
               : number == kOutsideLinkLocal ? params_.outside->link_local
                                             : params_.outside->gateway;
    if (number == kOwnNumber)
        return params_.own.address;
    return number == kLinkLocalNumber ? params_.link_local : numbers_.address(number);
}

std::optional<net::Ipv6Address> Addresses::told(Be32 address, std::optional<Tick> when) const {
    if (is_peer(address))
        return params_.peers->numbers->holder(number_of_peer(address), when);
    const uint32_t number = address.host() & ~params_.numbers.mask();
    return is_number(address) && number >= kFirstNamed && !is_of_outside(number)
               ? numbers_.holder(number, when)
               : to_ipv6(address);
}

}  // namespace sluice::nat64
