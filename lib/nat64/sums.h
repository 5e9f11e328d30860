// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sums: the words that checksums cover, and checksums after some of them have changed.
///
/// Units    One's complement sums of 16-bit words in the order of the packet.
/// Source   RFC 1624 §3, equation 3; RFC 8200 §8.1 (IPv6's pseudo-header).

#include "base/big_endian.h"
#include "net/ipv6.h"

#include <rte_ip.h>

#include <array>
#include <bit>
#include <cstdint>

namespace sluice::nat64 {

/// A sum that is still to be folded.
class Sum {
public:
    Sum() = default;
    /// Of few bytes.
    Sum& add(const void* bytes, size_t size) {
        total_ += rte_raw_cksum(bytes, size);
        return *this;
    }
    Sum& add(Be32 address) {
        total_ += address.raw;
        return *this;
    }
    Sum& add(Be64 words) {
        total_ += (words.raw & 0xffffffff) + (words.raw >> 32);
        return *this;
    }
    Sum& add(const net::Ipv6Address& address) {
        return add(Be64::from_host(address.high())).add(Be64::from_host(address.low()));
    }
    /// A number of 16 bits, or the sum of one of 32.
    Sum& add(uint16_t host) {
        total_ += Be16::from_host(host).raw;
        return *this;
    }
    Sum& add_raw(uint16_t word) {
        total_ += word;
        return *this;
    }

    /// What folds to the difference; 0 and 0xffff are the same to it. Of sums of few bytes.
    Sum& subtract(const Sum& other) {
        total_ += kNothing - other.total_;
        return *this;
    }

    /// 0 where nothing but zeros was added.
    uint16_t folded() const {
        // Each half is added to the other: what the lower sum carries makes the upper one whole.
        const uint64_t words = total_ + std::rotr(total_, 32);
        const auto word = static_cast<uint32_t>(words >> 32);
        return static_cast<uint16_t>((word + std::rotr(word, 16)) >> 16);
    }

private:
    static constexpr uint64_t kNothing = uint64_t{0xffff} << 32;  // a multiple of 0xffff

    uint64_t total_ = 0;  // words of 32 bits are sums of two of 16
};

/// `checksum` when `from` has become `to` among what it covers. What was wrong stays wrong.
inline uint16_t changed(uint16_t checksum, const Sum& from, const Sum& to) {
    Sum sum = to;
    sum.add_raw(static_cast<uint16_t>(~checksum));
    sum.add_raw(static_cast<uint16_t>(~from.folded()));
    return static_cast<uint16_t>(~sum.folded());
}

/// What a transport's checksum covers beside it, of IPv4 or IPv6 alike but for the addresses.
inline Sum pseudo_header(const net::Ipv6Address& source, const net::Ipv6Address& destination,
                         uint16_t bytes, uint8_t protocol) {
    return Sum().add(source).add(destination).add(bytes).add(uint16_t{protocol});
}

}  // namespace sluice::nat64
