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

#include <bit>
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
    constexpr void add(ChecksumDelta other) { add(uint32_t{other.sum_}); }

    /// That of packets of `direction`, where this is of the original one: what is undone is the
    /// one's complement.
    constexpr ChecksumDelta toward(Direction direction) const {
        ChecksumDelta result;
        result.sum_ = static_cast<uint16_t>(sum_ ^ (0U - static_cast<unsigned>(direction)));
        return result;
    }

    /// `checksum` after the rewrite. For UDP, a result of 0 must be sent as 0xffff (RFC 768).
    constexpr uint16_t apply(uint16_t checksum) const {
        // ~(~checksum + sum), where a carry is carried in again: less the sum, and less the borrow.
        return static_cast<uint16_t>(checksum - sum_ - (checksum < sum_ ? 1 : 0));
    }
    /// Likewise, and after `further`.
    constexpr uint16_t apply(uint16_t checksum, ChecksumDelta further) const {
        const uint32_t old = static_cast<uint16_t>(~checksum);
        return static_cast<uint16_t>(~folded(old + sum_ + further.sum_));
    }

    constexpr bool operator==(const ChecksumDelta&) const = default;

private:
    /// The sum of one word or several.
    constexpr void add(uint32_t words) { sum_ = folded(sum_ + words); }

    /// Both halves added, with what is carried out of that carried in again: in the upper half of
    /// the sum, into which the lower one carries.
    static constexpr uint16_t folded(uint32_t words) {
        return static_cast<uint16_t>((words + std::rotl(words, 16)) >> 16);
    }

    uint16_t sum_ = 0;
};

}  // namespace sluice::net
