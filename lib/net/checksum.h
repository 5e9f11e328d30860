// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Incremental Internet checksums: what a rewrite adds to a checksum, computed once per flow.
///
/// Units    A delta is the one's complement sum of (new - old) over the changed 16-bit words, in
///          the byte order of the packet.
/// Source   RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m').

#include "base/big_endian.h"
#include "net/tuple.h"

#include <cstdint>

namespace sluice::net {

class ChecksumDelta {
public:
    constexpr ChecksumDelta() = default;

    constexpr void change(Be16 from, Be16 to) {
        add(uint32_t{static_cast<uint16_t>(~from.raw)} + to.raw);
    }
    constexpr void change(Be32 from, Be32 to) {
        const auto words = [](uint32_t both) { return (both & 0xffff) + (both >> 16); };
        add(words(~from.raw) + words(to.raw));
    }
    constexpr void add(ChecksumDelta other) { add(other.sum_); }

    /// The delta of the opposite rewrite: one's complement negation.
    constexpr ChecksumDelta inverse() const {
        ChecksumDelta result;
        result.sum_ = static_cast<uint16_t>(~sum_);
        return result;
    }

    /// `checksum` after the rewrite. For UDP, a result of 0 must be sent as 0xffff (RFC 768).
    constexpr uint16_t apply(uint16_t checksum) const {
        ChecksumDelta total;
        total.sum_ = static_cast<uint16_t>(~checksum);
        total.add(sum_);
        return static_cast<uint16_t>(~total.sum_);
    }

    constexpr bool operator==(const ChecksumDelta&) const = default;

private:
    /// One word, or the sum of several. What is carried out is carried in; that may carry again.
    constexpr void add(uint16_t word) {
        const uint32_t sum = uint32_t{sum_} + word;
        sum_ = static_cast<uint16_t>(sum + (sum >> 16));
    }
    constexpr void add(uint32_t words) {
        const uint32_t sum = sum_ + words;
        const uint32_t folded = (sum & 0xffff) + (sum >> 16);
        sum_ = static_cast<uint16_t>(folded + (folded >> 16));
    }

    uint16_t sum_ = 0;
};

}  // namespace sluice::net
