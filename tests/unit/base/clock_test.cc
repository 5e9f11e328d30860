// SPDX-License-Identifier: BSD-3-Clause
#include "base/clock.h"

#include "catch.h"

namespace clock_test {

using namespace sluice;

TEST_CASE("clock: a tick moves by a duration and back", "[base]") {
    const Tick start{5000};
    const Tick later = start + Duration::seconds(30);
    CHECK(later.milliseconds == 35000);
    CHECK(later - start == Duration::seconds(30));
    CHECK(start - later == Duration::seconds(-30));
}

TEST_CASE("clock: ticks compare rightly across the wrap at 2^32", "[base]") {
    const Tick before{0xffff'ff00};
    const Tick after = before + Duration{0x200};
    CHECK(after.milliseconds == 0x100);
    CHECK(after.is_after(before));
    CHECK_FALSE(before.is_after(after));
    CHECK_FALSE(before.is_after(before));
    CHECK((after - before).milliseconds == 0x200);
}

TEST_CASE("clock: the longest timeout lies in the future from any tick", "[base]") {
    const auto start = GENERATE(0u, 1u, 0x7fff'ffffu, 0x8000'0000u, 0xffff'ffffu);
    CHECK((Tick{start} + kLongestTimeout).is_after(Tick{start}));
    CHECK(kLongestTimeout.milliseconds > 0);
}

TEST_CASE("clock: what is weeks old is not taken for what is to come", "[base]") {
    const Tick then{GENERATE(0u, 5u, 0xffff'ff00u)};
    for (const uint32_t days : {1u, 24u, 25u, 49u})
        CHECK(Tick{then.milliseconds + days * 86'400'000}.ms_since(then) == days * 86'400'000);
}

}  // namespace clock_test
