// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// MAC addresses, as bytes and as words.
///
/// Shape    As a word, an address has its first byte lowest; bits 48 to 63 are 0.
/// Cost     Both addresses of a frame are two stores. Byte by byte they would take longer than the
///          rest of a packet's way out.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::net {

using MacAddress = std::array<uint8_t, 6>;

inline constexpr uint64_t kMacBits = (uint64_t{1} << 48) - 1;
inline constexpr uint64_t kGroupMac = 1;  ///< Set in multicast and broadcast addresses.

namespace detail {

template <typename Word>
constexpr Word little_endian(Word word) {
    if constexpr (std::endian::native == std::endian::little)
        return word;
    else if constexpr (sizeof word == sizeof(uint64_t))
        return __builtin_bswap64(word);
    else
        return __builtin_bswap16(word);
}

}  // namespace detail

constexpr uint64_t mac_bits(const MacAddress& mac) {
    uint64_t bits = 0;
    for (size_t i = 0; i < mac.size(); ++i)
        bits |= uint64_t{mac[i]} << (8 * i);
    return bits;
}

constexpr MacAddress mac_of(uint64_t bits) {
    MacAddress mac{};
    for (size_t i = 0; i < mac.size(); ++i)
        mac[i] = static_cast<uint8_t>(bits >> (8 * i));
    return mac;
}

/// Of a frame that has an Ethernet header.
inline uint64_t destination_mac(const void* frame) {
    uint64_t word;
    std::memcpy(&word, frame, sizeof word);
    return detail::little_endian(word) & kMacBits;
}

inline uint64_t source_mac(const void* frame) {
    uint64_t word;
    std::memcpy(&word, static_cast<const uint8_t*>(frame) + 4, sizeof word);
    return detail::little_endian(word) >> 16;
}

/// Before an EtherType, which stays. What `destination` has in bits 48 to 63 does not matter.
inline void write_macs(void* frame, uint64_t destination, uint64_t source) {
    constexpr size_t kSourceAt = 6;
    constexpr size_t kTypeAt = 12;
    auto* bytes = static_cast<uint8_t*>(frame);
    uint16_t type;
    std::memcpy(&type, bytes + kTypeAt, sizeof type);
    const uint64_t first = detail::little_endian(destination);
    const uint64_t rest =
        detail::little_endian(source | uint64_t{detail::little_endian(type)} << 48);
    std::memcpy(bytes, &first, sizeof first);
    std::memcpy(bytes + kSourceAt, &rest, sizeof rest);
}

}  // namespace sluice::net
