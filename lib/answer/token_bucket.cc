// SPDX-License-Identifier: BSD-3-Clause
#include "answer/token_bucket.h"

#include <algorithm>

namespace sluice::answer {
namespace {

/// How far another worker's clock may be ahead of the caller's.
constexpr Duration kAhead = Duration::seconds(10);

/// So long after its last token a bucket is full, whatever its rate and its burst.
constexpr Duration kFullAgain = Duration::seconds(12 * 24 * 3600);

/// The milliseconds from `before` to `now`. Unlike ticks as a rule, these may be up to 49 days
/// apart: nothing says that an error is wanted more often.
uint64_t passed_since(Tick before, Tick now) {
    if (before.is_after(now) && (now + kAhead).is_after(before))
        return 0;
    return now.ms_since(before);
}

}  // namespace

bool TokenBucket::take(const Rate& rate, Tick now, uint32_t cost) {
    if (rate.a_second == 0 || rate.burst == 0)
        return false;
    const uint64_t capacity = uint64_t{rate.burst} * kToken;
    // relaxed: the bucket is one word and guards no other memory.
    Word before = word_.load(std::memory_order_relaxed);
    Word after;
    do {
        const uint64_t passed = passed_since(before.at, now);
        // What a larger burst was spent of is no debt of a smaller one.
        const uint64_t most = std::min<uint64_t>(before.spent, capacity + kToken);
        const uint64_t spent = most - std::min(most, passed * rate.a_second);
        if (spent + kToken > capacity)
            return false;
        after.spent = static_cast<uint32_t>(spent + cost);
        after.at = passed > 0 || before.spent == 0 ? now : before.at;  // full: since whenever
    } while (!word_.compare_exchange_weak(before, after, std::memory_order_relaxed));
    return true;
}

void TokenBucket::forget_past(Tick now) {
    // relaxed: as in take(), which makes it a word of now; then the swap fails.
    Word seen = word_.load(std::memory_order_relaxed);
    if (seen.spent != 0 &&
        passed_since(seen.at, now) >= static_cast<uint32_t>(kFullAgain.milliseconds))
        word_.compare_exchange_strong(seen, Word{}, std::memory_order_relaxed);
}

}  // namespace sluice::answer
