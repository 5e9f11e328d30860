// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 addresses and prefixes.
///
/// Shape    Sixteen bytes in network order, read as two words for comparison.
/// Source   RFC 4291 §2.4 (kinds of addresses), RFC 5952 (their text).

#include "base/big_endian.h"
#include "net/mac.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

struct Ipv6Address {
    std::array<uint8_t, 16> bytes{};

    constexpr bool operator==(const Ipv6Address& other) const {
        return words()[0] == other.words()[0] && words()[1] == other.words()[1];
    }

    /// Bits 0 to 63 and 64 to 127, in host order.
    constexpr uint64_t high() const { return words()[0].host(); }
    constexpr uint64_t low() const { return words()[1].host(); }
    static constexpr Ipv6Address of_words(uint64_t high, uint64_t low) {
        return std::bit_cast<Ipv6Address>(std::array{Be64::from_host(high), Be64::from_host(low)});
    }

    constexpr bool is_unspecified() const { return *this == Ipv6Address{}; }
    constexpr bool is_multicast() const { return bytes[0] == 0xff; }
    constexpr bool is_link_local() const { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }
    constexpr bool is_loopback() const { return *this == of_words(0, 1); }

private:
    constexpr std::array<Be64, 2> words() const {
        return std::bit_cast<std::array<Be64, 2>>(bytes);
    }
};

struct Ipv6Prefix {
    Ipv6Address address;
    uint8_t length = 0;  ///< 0 to 128.

    constexpr bool contains(const Ipv6Address& other) const {
        const auto [high, low] = masks();
        return ((address.high() ^ other.high()) & high) == 0 &&
               ((address.low() ^ other.low()) & low) == 0;
    }
    /// The prefix with its host bits cleared.
    constexpr Ipv6Prefix network() const {
        const auto [high, low] = masks();
        return {Ipv6Address::of_words(address.high() & high, address.low() & low), length};
    }
    constexpr bool operator==(const Ipv6Prefix&) const = default;

private:
    struct Masks {
        uint64_t high, low;
    };
    constexpr Masks masks() const {
        const auto mask = [](unsigned bits) { return bits == 0 ? 0 : ~uint64_t{0} << (64 - bits); };
        return length <= 64 ? Masks{mask(length), 0} : Masks{~uint64_t{0}, mask(length - 64u)};
    }
};

inline constexpr Ipv6Address kAllNodes = Ipv6Address::of_words(0xff02ull << 48, 1);

/// To which questions for an address are sent (RFC 4291 §2.7.1).
constexpr Ipv6Address solicited_node(const Ipv6Address& address) {
    return Ipv6Address::of_words(0xff02ull << 48,
                                 0x00000001ff000000 | (address.low() & 0x00ffffff));
}

/// To which MAC a multicast address's packets are sent (RFC 2464 §7).
constexpr MacAddress multicast_mac(const Ipv6Address& group) {
    return {0x33, 0x33, group.bytes[12], group.bytes[13], group.bytes[14], group.bytes[15]};
}

/// fe80::/64 with the identifier that a MAC makes (RFC 4291, appendix A).
constexpr Ipv6Address link_local_of(const MacAddress& mac) {
    return {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, static_cast<uint8_t>(mac[0] ^ 2), mac[1], mac[2], 0xff,
             0xfe, mac[3], mac[4], mac[5]}};
}

/// fe80::/64 with the interface identifier of another address.
constexpr Ipv6Address link_local_beside(const Ipv6Address& other) {
    return Ipv6Address::of_words(0xfe80ull << 48, other.low());
}

/// Any of the forms of RFC 4291 §2.2, without a zone; nothing for other text.
std::optional<Ipv6Address> parse_ipv6_address(std::string_view text);
/// "2001:db8::1/64", the length always given. Host bits stay.
std::optional<Ipv6Prefix> parse_ipv6_prefix(std::string_view text);

/// Longest address as text, without an end mark.
inline constexpr size_t kIpv6AddressChars = 45;

/// Writes at most kIpv6AddressChars and no end mark; returns the end of what it wrote.
char* write(char* out, const Ipv6Address& address);
std::string to_string(const Ipv6Address& address);
std::string to_string(const Ipv6Prefix& prefix);

}  // namespace sluice::net
