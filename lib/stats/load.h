// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Load: what a worker does with its time.
///
/// Shape    A turn is busy when it found packets. How long busy turns take is a histogram: up to
///          1,024 ns, and from there four buckets to each power of two, up to half a second; the
///          last has all that is longer.
/// Units    Nanoseconds of the machine's clock, from the beginning of a turn to that of the next:
///          where the worker's CPU is taken away meanwhile, that time is in it.
/// Threads  One writer, the worker; any may read.
/// Cost     A busy turn costs four loads and stores, and an empty one a load and a store.

#include "stats/counter.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::stats {

inline constexpr unsigned kShortestTurnBits = 10;  ///< 1,024 ns.
inline constexpr unsigned kTurnSteps = 4;          ///< Buckets to a power of two.
inline constexpr size_t kTurnBuckets = 1 + kTurnSteps * 19 + 1;

constexpr size_t turn_bucket(uint64_t nanoseconds) {
    if (nanoseconds < uint64_t{1} << kShortestTurnBits)
        return 0;
    const auto power = static_cast<unsigned>(std::bit_width(nanoseconds) - 1);
    const uint64_t step = nanoseconds >> (power - 2) & (kTurnSteps - 1);
    const size_t bucket = 1 + size_t{power - kShortestTurnBits} * kTurnSteps + step;
    return bucket < kTurnBuckets ? bucket : kTurnBuckets - 1;
}

/// What all times in a bucket are shorter than; the last bucket's has no such meaning.
constexpr uint64_t turn_bound(size_t bucket) {
    if (bucket == 0)
        return uint64_t{1} << kShortestTurnBits;
    const size_t power = kShortestTurnBits + (bucket - 1) / kTurnSteps;
    return (uint64_t{1} << (power - 2)) * (kTurnSteps + 1 + (bucket - 1) % kTurnSteps);
}

using TurnTimes = std::array<uint64_t, kTurnBuckets>;

/// The bound below which that share of all times are, 0.999 for 99.9 %; 0 where there are none.
uint64_t turn_quantile(const TurnTimes& times, double share);

struct Load {
    Counter turns;
    Counter busy_turns;
    Counter busy_nanoseconds;
    std::array<Counter, kTurnBuckets> turn_times;  ///< Of busy turns.

    /// A turn that found packets is over.
    void add_busy(uint64_t nanoseconds) {
        busy_turns.add(1);
        busy_nanoseconds.add(nanoseconds);
        turn_times[turn_bucket(nanoseconds)].add(1);
    }
    TurnTimes read_times() const;
};

}  // namespace sluice::stats
