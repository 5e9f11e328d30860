// SPDX-License-Identifier: BSD-3-Clause
#include "answer/rate_limit.h"

#include "catch.h"

using namespace sluice;
using answer::RateLimit;

namespace {

unsigned allowed_at(RateLimit& limit, Tick now, unsigned asked) {
    unsigned allowed = 0;
    for (unsigned i = 0; i < asked; ++i)
        allowed += limit.allow(now);
    return allowed;
}

}  // namespace

TEST_CASE("rate limit: the burst is allowed at once, and no more", "[worker][icmp]") {
    RateLimit limit(1000, 50);
    CHECK(allowed_at(limit, Tick{0}, 200) == 50);
    CHECK(allowed_at(limit, Tick{0}, 200) == 0);
}

TEST_CASE("rate limit: the rate holds over a second asked for in every millisecond",
          "[worker][icmp]") {
    const uint32_t rate = GENERATE(1u, 7u, 1000u, 2500u);
    RateLimit limit(rate, 50);
    allowed_at(limit, Tick{0}, 50);
    unsigned allowed = 0;
    for (uint32_t ms = 1; ms <= 1000; ++ms)
        allowed += allowed_at(limit, Tick{ms}, 100);
    CHECK(allowed == rate);
}

TEST_CASE("rate limit: silence saves up no more than the burst", "[worker][icmp]") {
    RateLimit limit(1000, 50);
    allowed_at(limit, Tick{0}, 50);
    CHECK(allowed_at(limit, Tick{3600000}, 200) == 50);
}

TEST_CASE("rate limit: a month of silence saves up as much as a minute", "[worker][icmp]") {
    constexpr uint32_t kDay = 24 * 3600 * 1000;
    const uint32_t days = GENERATE(24u, 25u, 30u, 49u);
    RateLimit limit(1000, 50);
    allowed_at(limit, Tick{5}, 50);
    CHECK(allowed_at(limit, Tick{5 + days * kDay}, 200) == 50);
    CHECK(allowed_at(limit, Tick{6 + days * kDay}, 200) == 1);
}

TEST_CASE("rate limit: a clock that runs a little behind gains nothing", "[worker][icmp]") {
    RateLimit limit(1000, 50);
    CHECK(allowed_at(limit, Tick{1000}, 60) == 50);
    CHECK(allowed_at(limit, Tick{999}, 60) == 0);
    CHECK(allowed_at(limit, Tick{1001}, 60) == 1);
}

TEST_CASE("rate limit: a rate of 0 allows nothing", "[worker][icmp]") {
    RateLimit limit(0, 50);
    CHECK(allowed_at(limit, Tick{0}, 10) == 0);
    CHECK(allowed_at(limit, Tick{100000}, 10) == 0);
}
