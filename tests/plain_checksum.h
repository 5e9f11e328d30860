// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The Internet checksum and CRC32c, computed in the plainest way: the oracles for the clever ones
/// in lib.
///
/// Units    Host byte order.
/// Source   RFC 1071 §1; RFC 768 and RFC 9293 §3.1 for the pseudo header; RFC 9260
///          appendix A.

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::test {

/// The one's complement sum of `bytes`, added to `sum`; an odd last byte is the high half of a
/// word.
inline uint32_t plain_sum(std::span<const uint8_t> bytes, uint32_t sum = 0) {
    for (size_t i = 0; i < bytes.size(); ++i)
        sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8 : uint32_t{bytes[i]};
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/// What belongs into a checksum field that is zero in `bytes`; 0 when the field is in and right.
inline uint16_t plain_checksum(std::span<const uint8_t> bytes, uint32_t sum = 0) {
    return static_cast<uint16_t>(~plain_sum(bytes, sum));
}

/// The sum of the pseudo header of an IPv4 packet whose TCP or UDP part is `length` bytes long.
inline uint32_t plain_pseudo_sum(std::span<const uint8_t> ip, size_t length) {
    return plain_sum(ip.subspan(12, 8), ip[9] + static_cast<uint32_t>(length));
}

/// CRC32c bit by bit, the field of an SCTP packet taken as 0 where `field` says where it is.
inline uint32_t plain_crc32c(std::span<const uint8_t> bytes, size_t field = ~size_t{0}) {
    uint32_t crc = ~uint32_t{0};
    for (size_t i = 0; i < bytes.size(); ++i) {
        crc ^= i >= field && i < field + 4 ? 0u : bytes[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

}  // namespace sluice::test
