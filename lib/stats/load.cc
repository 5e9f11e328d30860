// SPDX-License-Identifier: BSD-3-Clause
#include "stats/load.h"

#include <numeric>

namespace sluice::stats {

static_assert(turn_bucket(1023) == 0 && turn_bucket(1024) == 1 && turn_bucket(1279) == 1);
static_assert(turn_bucket(1280) == 2 && turn_bound(1) == 1280 && turn_bound(4) == 2048);
static_assert(turn_bucket(2047) == 4 && turn_bucket(2048) == 5);
static_assert(turn_bucket(UINT64_MAX) == kTurnBuckets - 1);

uint64_t turn_quantile(const TurnTimes& times, double share) {
    const uint64_t total = std::accumulate(times.begin(), times.end(), uint64_t{0});
    uint64_t shorter = 0;
    for (size_t bucket = 0; bucket < kTurnBuckets; ++bucket) {
        shorter += times[bucket];
        if (shorter != 0 && double(shorter) >= share * double(total))
            return turn_bound(bucket);
    }
    return 0;
}

TurnTimes Load::read_times() const {
    TurnTimes times;
    for (size_t bucket = 0; bucket < kTurnBuckets; ++bucket)
        times[bucket] = turn_times[bucket].read();
    return times;
}

}  // namespace sluice::stats
