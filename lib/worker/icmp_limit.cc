// SPDX-License-Identifier: BSD-3-Clause
#include "worker/icmp_limit.h"

#include <algorithm>

namespace sluice::worker {
namespace {

constexpr uint32_t kToken = 1000;

}  // namespace

IcmpLimit::IcmpLimit(uint32_t rate, uint32_t burst)
    : rate_(rate), capacity_(rate == 0 ? 0 : burst * kToken), bucket_(Bucket{{}, capacity_}) {}

bool IcmpLimit::allow(Tick now) {
    // relaxed: the bucket is one word and guards no other memory.
    Bucket before = bucket_.load(std::memory_order_relaxed);
    Bucket after;
    do {
        // Another worker's clock may be a little ahead; then no time has passed.
        const auto passed = static_cast<uint64_t>(std::max(0, (now - before.filled).milliseconds));
        const uint64_t full = before.millitokens + passed * rate_;
        after.millitokens = static_cast<uint32_t>(std::min<uint64_t>(full, capacity_));
        after.filled = passed > 0 ? now : before.filled;
        if (after.millitokens < kToken)
            return false;
        after.millitokens -= kToken;
    } while (!bucket_.compare_exchange_weak(before, after, std::memory_order_relaxed));
    return true;
}

}  // namespace sluice::worker
