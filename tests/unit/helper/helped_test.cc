// SPDX-License-Identifier: BSD-3-Clause
#include "helper/helped.h"

#include "catch.h"

namespace helped_test {

using namespace sluice;
using namespace sluice::helper;

TEST_CASE("helped: nobody looks for what nobody has foretold, or is over", "[helper]") {
    Helped helped(1);
    REQUIRE(helped.is_whole());
    const Tick now{0xffff'f000};
    CHECK_FALSE(helped.may_await(now));
    helped.await(now + kForetoldFor);
    CHECK(helped.may_await(now));
    CHECK(helped.may_await(now + Duration{kForetoldFor.milliseconds - 1}));
    CHECK_FALSE(helped.may_await(now + kForetoldFor));
}

TEST_CASE("helped: for a hundred days what is foretold is awaited, and nothing else", "[helper]") {
    constexpr uint32_t kHour = 3'600'000;
    const uint32_t quiet = GENERATE(24 * kHour, 595 * kHour, 597 * kHour, 1190 * kHour);
    Helped helped(1);
    Tick now{5};
    for (uint64_t passed = 0; passed < uint64_t{2400} * kHour; passed += quiet) {
        REQUIRE_FALSE(helped.may_await(now));
        helped.await(now + kForetoldFor);
        REQUIRE(helped.may_await(now + Duration{1}));
        now = Tick{now.milliseconds + quiet};
    }
}

TEST_CASE("helped: the latest is awaited, in whatever order they are told", "[helper]") {
    Helped helped(1);
    const Tick now{1'000};
    helped.await(now + kForetoldFor);
    helped.await(now + Duration{-200} + kForetoldFor);  // by a worker whose clock is behind
    CHECK(helped.may_await(now + Duration{kForetoldFor.milliseconds - 1}));
}

}  // namespace helped_test
