// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Serial numbers: 32-bit positions that run round, of which the nearer way round says the order.
///
/// Units    Of numbers 2^31 apart, neither is after the other by its meaning; as in Linux, each
///          then counts as after the other.
/// Source   RFC 9293 §3.4 (sequence numbers), RFC 1982.

#include <cstdint>

namespace sluice {

constexpr bool is_before(uint32_t a, uint32_t b) {
    return static_cast<int32_t>(a - b) < 0;
}

constexpr bool is_after(uint32_t a, uint32_t b) {
    return is_before(b, a);
}

}  // namespace sluice
