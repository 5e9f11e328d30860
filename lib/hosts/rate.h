// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rate: how many flows were opened in a second of the clock and in the one before, in one word.
///
/// Units    23 bits hold any second of a Tick; counts stop at kMost. A second comes again after 49
///          days: forget_past() sees to it that none of the last time is found there.
/// Threads  Any: the word is changed by compare-and-swap, and stands alone.

#include "base/clock.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace sluice::hosts {

inline constexpr uint32_t kHighestRate = 1'000'000;  ///< That a limit may allow in a second.

struct Rate {
    static constexpr unsigned kBits = 20;
    static constexpr uint32_t kMost = (uint32_t{1} << kBits) - 1;
    static_assert(kHighestRate <= kMost);

    uint32_t second = 0;
    uint32_t now = 0;     ///< Opened in `second`.
    uint32_t before = 0;  ///< Opened in the second before.

    static Rate read(uint64_t bits) {
        return {static_cast<uint32_t>(bits >> 2 * kBits), static_cast<uint32_t>(bits) & kMost,
                static_cast<uint32_t>(bits >> kBits) & kMost};
    }
    uint64_t bits() const {
        return uint64_t{second} << 2 * kBits | uint64_t{before} << kBits | now;
    }
    /// As it is in another second.
    Rate at(uint32_t other) const {
        if (other == second)
            return *this;
        return {other, 0, other == second + 1 ? now : 0};
    }
    /// One more would be beyond `most`, which is 0 for no limit.
    bool is_above(uint32_t most) const { return most != 0 && now >= most; }
};

constexpr uint32_t second_of(Tick now) {
    return now.milliseconds / 1000;
}

/// Counts one more flow of this second; false when it would be above the limit.
inline bool pace(std::atomic<uint64_t>& word, uint32_t most, Tick now) {
    uint64_t seen = word.load(std::memory_order_relaxed);
    Rate rate;
    do {
        rate = Rate::read(seen).at(second_of(now));
        if (rate.is_above(most))
            return false;
        rate.now = std::min(rate.now + 1, Rate::kMost);
    } while (!word.compare_exchange_weak(seen, rate.bits(), std::memory_order_relaxed));
    return true;
}

/// Forgets what was counted in a second that is past, since the clock comes round to it again. For
/// who looks at each word every few days at least.
inline void forget_past(std::atomic<uint64_t>& word, Tick now) {
    constexpr uint32_t kNear = 10;  // seconds that one thread's clock may be off another's
    uint64_t seen = word.load(std::memory_order_relaxed);
    const Rate rate = Rate::read(seen);
    const bool is_near = second_of(now) - rate.second + kNear <= 2 * kNear;
    // Whoever counts meanwhile has made it a word of now.
    if (!is_near && (rate.now != 0 || rate.before != 0))
        word.compare_exchange_strong(seen, 0, std::memory_order_relaxed);
}

}  // namespace sluice::hosts
