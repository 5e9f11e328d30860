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
        add(static_cast<uint16_t>(~from.raw)), add(to.raw);
    }
    constexpr void change(Be32 from, Be32 to) {
        change(Be16{static_cast<uint16_t>(from.raw)}, Be16{static_cast<uint16_t>(to.raw)});
        change(Be16{static_cast<uint16_t>(from.raw >> 16)},
               Be16{static_cast<uint16_t>(to.raw >> 16)});
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
    constexpr void add(uint16_t word) {
        const uint32_t sum = uint32_t{sum_} + word;
        sum_ = static_cast<uint16_t>(sum + (sum >> 16));
    }

    uint16_t sum_ = 0;
};

}  // namespace sluice::net
