// SPDX-License-Identifier: BSD-3-Clause
#include "stats/load.h"

#include "catch.h"

namespace load_test {

using namespace sluice::stats;

TEST_CASE("load: a turn is in the bucket whose bound is the next above its time", "[stats]") {
    for (uint64_t time = 0; time < uint64_t{1} << 29; time += 1 + time / 7) {
        CAPTURE(time);
        const size_t bucket = turn_bucket(time);
        REQUIRE(bucket < kTurnBuckets);
        REQUIRE(time < turn_bound(bucket));
        if (bucket != 0)
            REQUIRE(time >= turn_bound(bucket - 1));
    }
    CHECK(turn_bucket(uint64_t{1} << 29) == kTurnBuckets - 1);
    CHECK(turn_bucket(UINT64_MAX) == kTurnBuckets - 1);
}

TEST_CASE("load: a bound is a quarter above the one before, or less", "[stats]") {
    for (size_t bucket = 1; bucket < kTurnBuckets; ++bucket)
        CHECK(4 * turn_bound(bucket) <= 5 * turn_bound(bucket - 1));
}

TEST_CASE("load: busy turns are counted, and their times added and sorted", "[stats]") {
    Load load;
    load.add_busy(500);
    load.add_busy(1100);
    load.add_busy(1200);
    CHECK(load.busy_turns.read() == 3);
    CHECK(load.busy_nanoseconds.read() == 2800);
    CHECK(load.read_times()[0] == 1);
    CHECK(load.read_times()[1] == 2);
    CHECK(load.turns.read() == 0);  // of those without packets, too
}

TEST_CASE("load: a quantile is the bound that this share of the turns stays below", "[stats]") {
    TurnTimes times{};
    CHECK(turn_quantile(times, 0.999) == 0);
    times[3] = 999;
    times[40] = 1;
    CHECK(turn_quantile(times, 0.999) == turn_bound(3));
    CHECK(turn_quantile(times, 0.9999) == turn_bound(40));
    times[40] = 2;
    CHECK(turn_quantile(times, 0.999) == turn_bound(40));
    CHECK(turn_quantile(times, 0) == turn_bound(3));
}

}  // namespace load_test
