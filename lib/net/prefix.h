// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv4 prefixes and ranges of addresses, and what kind of address one is.
///
/// Source   RFC 1122 §3.2.1.3; RFC 1812 §5.3.7 (martian addresses).

#include "base/big_endian.h"

#include <cstdint>
#include <utility>

namespace sluice::net {

inline constexpr uint8_t kHostLength = 32;  ///< Of the prefix that is one address.

struct Prefix {
    Be32 address;
    uint8_t length = 0;  ///< 0 to 32.

    constexpr uint32_t mask() const { return length == 0 ? 0 : ~uint32_t{0} << (32 - length); }
    constexpr bool contains(Be32 other) const {
        return ((address.host() ^ other.host()) & mask()) == 0;
    }
    /// The prefix with its host bits cleared.
    constexpr Prefix network() const { return {Be32::from_host(address.host() & mask()), length}; }
    /// The subnet's broadcast address; meaningful up to /30.
    constexpr Be32 broadcast() const { return Be32::from_host(address.host() | ~mask()); }
    /// To sort by: equal for prefixes of the same addresses.
    constexpr std::pair<Be32, uint8_t> order() const { return {network().address, length}; }
    constexpr bool operator==(const Prefix&) const = default;
};

/// The addresses from first to last, both included.
struct AddressRange {
    Be32 first;
    Be32 last;

    constexpr bool contains(Be32 address) const { return first <= address && address <= last; }
    constexpr bool operator==(const AddressRange&) const = default;
};

constexpr bool is_loopback(Be32 address) {
    return address.host() >> 24 == 127;
}
constexpr bool is_this_network(Be32 address) {
    return address.host() >> 24 == 0;
}
/// 224/4 multicast, 240/4 reserved and 255.255.255.255.
constexpr bool is_multicast_or_reserved(Be32 address) {
    return address.host() >> 29 == 7;
}

/// True when no host can have sent from this address.
constexpr bool is_martian(Be32 address) {
    return is_this_network(address) || is_loopback(address) || is_multicast_or_reserved(address);
}

}  // namespace sluice::net
