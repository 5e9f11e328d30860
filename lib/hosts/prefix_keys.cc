// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/prefix_keys.h"

#include "net/prefix.h"

#include <bit>

namespace sluice::hosts {

std::optional<net::InsideAddress> PrefixKeys::of(net::InsideAddress source, uint8_t length) const {
    if (!is_ipv6(source.address))
        return net::InsideAddress(net::Prefix{source.address, length}.network().address,
                                  source.zone);
    const auto host = ipv6_->to_ipv6(source.address);
    return host ? std::optional(of(*host, length)) : std::nullopt;
}

net::InsideAddress PrefixKeys::of(const net::Ipv6Address& host, uint8_t length) const {
    constexpr net::Prefix kNoHosts{Be32::from_host(0xe0000000), 3};  // net::is_martian()
    static_assert(std::has_single_bit(unsigned{net::kZones}));
    const net::Ipv6Address prefix = net::Ipv6Prefix{host, length}.network().address;
    const uint64_t hash = sip_hash(key_, prefix.high(), prefix.low());
    const uint32_t address =
        kNoHosts.address.host() | (static_cast<uint32_t>(hash) & ~kNoHosts.mask());
    return {Be32::from_host(address), static_cast<uint16_t>(hash >> 32 & (net::kZones - 1))};
}

}  // namespace sluice::hosts
