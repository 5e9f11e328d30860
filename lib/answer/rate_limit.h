// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rate limit: how many packets of a kind the gateway may send by itself, all workers together.
///
/// Shape    A token bucket in one atomic word: `rate` tokens a second, at most `burst` saved up.
/// Threads  Any worker; a compare-and-swap, on the slow path only.
/// Source   RFC 1812 §4.3.2.8; icmp_msgs_per_sec and icmp_msgs_burst of Linux.

#include "base/clock.h"

#include <atomic>
#include <cstdint>

namespace sluice::answer {

class RateLimit {
public:
    /// `rate` is at most 1 000 000 a second; 0 allows nothing.
    RateLimit(uint32_t rate, uint32_t burst);

    /// Takes a token; false when there is none.
    bool allow(Tick now);

private:
    /// Thousandths of a token: at `rate` a second, `rate` of them come in a millisecond.
    struct Bucket {
        Tick filled;
        uint32_t millitokens;
    };
    static_assert(std::atomic<Bucket>::is_always_lock_free);

    uint32_t rate_;
    uint32_t capacity_;
    std::atomic<Bucket> bucket_;
};

}  // namespace sluice::answer
