// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Numbers in network byte order, which cannot be mixed up with numbers in host order.
/// There is no implicit conversion, on purpose: write host() and from_host() where one is meant.

#include <bit>
#include <compare>
#include <cstdint>

namespace sluice {

constexpr uint16_t swap_bytes(uint16_t value) {
    return __builtin_bswap16(value);
}
constexpr uint32_t swap_bytes(uint32_t value) {
    return __builtin_bswap32(value);
}

constexpr uint64_t swap_bytes(uint64_t value) {
    return __builtin_bswap64(value);
}

template <typename T>
struct BigEndian {
    T raw = 0;  ///< As it stands in the packet.

    static constexpr BigEndian from_host(T value) {
        return {std::endian::native == std::endian::little ? swap_bytes(value) : value};
    }
    constexpr T host() const {
        return std::endian::native == std::endian::little ? swap_bytes(raw) : raw;
    }
    constexpr bool operator==(const BigEndian&) const = default;
    constexpr auto operator<=>(const BigEndian& other) const { return host() <=> other.host(); }
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
using Be64 = BigEndian<uint64_t>;

}  // namespace sluice
