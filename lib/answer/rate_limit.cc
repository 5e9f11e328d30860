// SPDX-License-Identifier: BSD-3-Clause
#include "answer/rate_limit.h"

#include <algorithm>

namespace sluice::answer {
namespace {

constexpr uint32_t kToken = 1000;

/// How far another worker's clock may be ahead of the caller's.
constexpr Duration kAhead = Duration::seconds(10);

/// The milliseconds from `before` to `now`. Unlike ticks as a rule, these may be up to 49 days
/// apart: nothing says that an error is wanted more often.
uint64_t passed_since(Tick before, Tick now) {
    if (before.is_after(now) && (now + kAhead).is_after(before))
        return 0;
    return now.milliseconds - before.milliseconds;
}

}  // namespace

RateLimit::RateLimit(uint32_t rate, uint32_t burst)
    : rate_(rate), capacity_(rate == 0 ? 0 : burst * kToken), bucket_(Bucket{{}, capacity_}) {}

bool RateLimit::allow(Tick now) {
    // relaxed: the bucket is one word and guards no other memory.
    Bucket before = bucket_.load(std::memory_order_relaxed);
    Bucket after;
    do {
        const uint64_t passed = passed_since(before.filled, now);
        const uint64_t full = before.millitokens + passed * rate_;
        after.millitokens = static_cast<uint32_t>(std::min<uint64_t>(full, capacity_));
        after.filled = passed > 0 ? now : before.filled;
        if (after.millitokens < kToken)
            return false;
        after.millitokens -= kToken;
    } while (!bucket_.compare_exchange_weak(before, after, std::memory_order_relaxed));
    return true;
}

}  // namespace sluice::answer
