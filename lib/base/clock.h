// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Time as the data path sees it: 32-bit milliseconds, read once per turn of a worker.
///
/// Units    A Tick is milliseconds since an arbitrary start, modulo 2^32; a Duration is
///          milliseconds. Ticks are compared as sequence numbers are, so two of them must be less
///          than 24 days apart; the longest default timeout is 5 days, flags allow 20. Whoever
///          keeps a moment for longer is looked at in time by somebody (a turn of the control
///          core), or takes ms_since() and does no harm when that begins anew, after 49 days.
/// Threads  Plain values.

#include <compare>
#include <cstdint>

namespace sluice {

/// Milliseconds, signed: the distance of two ticks.
struct Duration {
    int32_t milliseconds = 0;

    static constexpr Duration seconds(int32_t count) { return {count * 1000}; }
    constexpr auto operator<=>(const Duration&) const = default;
};

inline constexpr Duration kLongestTimeout = Duration::seconds(20 * 24 * 3600);

struct Tick {
    uint32_t milliseconds = 0;

    constexpr bool operator==(const Tick&) const = default;
    constexpr Tick operator+(Duration d) const {
        return {milliseconds + static_cast<uint32_t>(d.milliseconds)};
    }
    constexpr Duration operator-(Tick earlier) const {
        return {static_cast<int32_t>(milliseconds - earlier.milliseconds)};
    }
    /// Milliseconds since `earlier`, which is not after this. Unlike a Duration it tells 49 days,
    /// so what is weeks old is not taken for what is to come.
    constexpr uint32_t ms_since(Tick earlier) const { return milliseconds - earlier.milliseconds; }
    /// True when this tick lies after `other`.
    constexpr bool is_after(Tick other) const { return (*this - other).milliseconds > 0; }
};

}  // namespace sluice
