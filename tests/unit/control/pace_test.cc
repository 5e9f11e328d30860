// SPDX-License-Identifier: BSD-3-Clause
#include "control/pace.h"

#include "catch.h"

namespace pace_test {

using namespace sluice;
using control::Pace;

namespace {

constexpr uint32_t kDay = 24 * 3600 * 1000;

}  // namespace

TEST_CASE("pace: once an interval, whenever it is asked for", "[control]") {
    Pace pace(Duration::seconds(10));
    Tick now{0xffff'f000};  // the clock runs round meanwhile
    CHECK(pace.take(now));
    CHECK_FALSE(pace.take(now));
    pace.turn(now + Duration{9'999});
    CHECK_FALSE(pace.take(now + Duration{9'999}));
    pace.turn(now + Duration{10'000});
    CHECK(pace.take(now + Duration{10'000}));
}

TEST_CASE("pace: weeks without a turn end it like an hour", "[control]") {
    const uint32_t days = GENERATE(1u, 24u, 25u, 30u, 49u);
    Pace pace(Duration::seconds(10));
    const Tick start{5};
    CHECK(pace.take(start));
    const Tick later{start.milliseconds + days * kDay};
    pace.turn(later);
    CHECK(pace.take(later));
}

}  // namespace pace_test
