// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Token bucket: how many packets may be sent in a while, as one word.
///
/// Shape    Rate::a_second tokens come in a second, at most Rate::burst are saved up. A bucket of
///          zeros is full, so a table of them needs no initialisation.
/// Threads  Any; a compare-and-swap.
/// Source   RFC 1812 §4.3.2.8.

#include "base/clock.h"

#include <atomic>
#include <cstdint>

namespace sluice::answer {

inline constexpr uint32_t kToken = 1000;  ///< In millitokens.

struct Rate {
    uint32_t a_second = 0;  ///< At most 1 000 000; 0 allows nothing.
    uint32_t burst = 0;     ///< At most 1 000 000.
    constexpr bool operator==(const Rate&) const = default;
};

class TokenBucket {
public:
    /// Takes `cost` millitokens, two tokens at most; false, and takes nothing, when there is no
    /// whole token. A cost above one may leave less than nothing, so that on average the rate
    /// holds whatever each one costs. The rate may be another at each call.
    bool take(const Rate& rate, Tick now, uint32_t cost = kToken);
    /// Fills it where it has been left alone for so long that any rate has, since the clock comes
    /// round to when that was. For who looks at each every few days at least.
    void forget_past(Tick now);

private:
    /// Thousandths of a token: at N a second, N of them come in a millisecond.
    struct alignas(8) Word {
        Tick at;
        uint32_t spent = 0;  // of the burst, at `at`
    };
    static_assert(std::atomic<Word>::is_always_lock_free);

    std::atomic<Word> word_{};
};

}  // namespace sluice::answer
