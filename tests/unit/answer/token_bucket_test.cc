// SPDX-License-Identifier: BSD-3-Clause
#include "answer/token_bucket.h"

#include "catch.h"

namespace token_bucket_test {

using namespace sluice;
using answer::kToken;
using answer::Rate;
using answer::TokenBucket;

namespace {

constexpr Rate kThousand{1000, 50};

unsigned taken_at(TokenBucket& bucket, const Rate& rate, Tick now, unsigned asked) {
    unsigned taken = 0;
    for (unsigned i = 0; i < asked; ++i)
        taken += bucket.take(rate, now);
    return taken;
}

}  // namespace

TEST_CASE("token bucket: the burst is there at once, and no more", "[worker][icmp]") {
    TokenBucket bucket;
    CHECK(taken_at(bucket, kThousand, Tick{0}, 200) == 50);
    CHECK(taken_at(bucket, kThousand, Tick{0}, 200) == 0);
}

TEST_CASE("token bucket: the rate holds over a second asked for in every millisecond",
          "[worker][icmp]") {
    const uint32_t rate = GENERATE(1u, 7u, 1000u, 2500u);
    TokenBucket bucket;
    taken_at(bucket, {rate, 50}, Tick{0}, 50);
    unsigned taken = 0;
    for (uint32_t ms = 1; ms <= 1000; ++ms)
        taken += taken_at(bucket, {rate, 50}, Tick{ms}, 100);
    CHECK(taken == rate);
}

TEST_CASE("token bucket: silence saves up no more than the burst", "[worker][icmp]") {
    TokenBucket bucket;
    taken_at(bucket, kThousand, Tick{0}, 50);
    CHECK(taken_at(bucket, kThousand, Tick{3600000}, 200) == 50);
}

TEST_CASE("token bucket: a month of silence saves up as much as a minute", "[worker][icmp]") {
    constexpr uint32_t kDay = 24 * 3600 * 1000;
    const uint32_t days = GENERATE(24u, 25u, 30u, 49u);
    TokenBucket bucket;
    taken_at(bucket, kThousand, Tick{5}, 50);
    CHECK(taken_at(bucket, kThousand, Tick{5 + days * kDay}, 200) == 50);
    CHECK(taken_at(bucket, kThousand, Tick{6 + days * kDay}, 200) == 1);
}

TEST_CASE("token bucket: a clock that runs a little behind gains nothing", "[worker][icmp]") {
    TokenBucket bucket;
    CHECK(taken_at(bucket, kThousand, Tick{1000}, 60) == 50);
    CHECK(taken_at(bucket, kThousand, Tick{999}, 60) == 0);
    CHECK(taken_at(bucket, kThousand, Tick{1001}, 60) == 1);
}

TEST_CASE("token bucket: a rate of 0 allows nothing", "[worker][icmp]") {
    TokenBucket bucket;
    CHECK(taken_at(bucket, {0, 50}, Tick{0}, 10) == 0);
    CHECK(taken_at(bucket, {0, 50}, Tick{100000}, 10) == 0);
}

TEST_CASE("token bucket: a whole token must be there, and what costs more is made up for",
          "[worker][icmp]") {
    TokenBucket bucket;
    const Rate rate{1, 2};
    CHECK(bucket.take(rate, Tick{0}, 1500));
    CHECK_FALSE(bucket.take(rate, Tick{0}, 1));
    CHECK_FALSE(bucket.take(rate, Tick{499}, 1));
    CHECK(bucket.take(rate, Tick{500}, 2 * kToken));  // one more than there is
    CHECK_FALSE(bucket.take(rate, Tick{2499}, 0));
    CHECK(bucket.take(rate, Tick{2500}, 0));
    CHECK(bucket.take(rate, Tick{2500}, kToken));
    CHECK_FALSE(bucket.take(rate, Tick{2500}));
}

TEST_CASE("token bucket: what a larger burst was spent of is no debt of a smaller one",
          "[worker][icmp]") {
    TokenBucket bucket;
    CHECK(taken_at(bucket, {1'000'000, 1'000'000}, Tick{0}, 1'000'000) == 1'000'000);
    CHECK(taken_at(bucket, {1, 2}, Tick{0}, 10) == 0);
    CHECK(taken_at(bucket, {1, 2}, Tick{2000}, 10) == 1);  // a whole token above the overdraft
    CHECK(taken_at(bucket, {1, 2}, Tick{3000}, 10) == 1);
}

TEST_CASE("token bucket: what was taken 49 days ago is forgotten", "[worker][icmp]") {
    constexpr uint32_t kDay = 24 * 3600 * 1000;
    TokenBucket bucket;
    const Tick start{GENERATE(0u, 5u, 0xffff'ff00u)};
    taken_at(bucket, kThousand, start, 50);
    for (uint32_t day = 1; day < 49; ++day)
        bucket.forget_past(Tick{start.milliseconds + day * kDay});
    // Ticks have come round; the last seconds before that are no other.
    const uint32_t early = GENERATE(0u, 1'000u, 9'999u);
    const Tick again{start.milliseconds - early};
    CHECK(taken_at(bucket, kThousand, again, 200) == 50);
    CHECK(taken_at(bucket, kThousand, again + Duration{10}, 200) == 10);
}

TEST_CASE("token bucket: nothing is forgotten that a slow rate has not given back",
          "[worker][icmp]") {
    TokenBucket bucket;
    const Rate slow{1, 1'000'000};
    taken_at(bucket, slow, Tick{0}, 1'000'000);
    for (uint32_t hour = 1; hour <= 24; ++hour)
        bucket.forget_past(Tick{hour * 3'600'000});
    CHECK(taken_at(bucket, slow, Tick{24 * 3'600'000}, 1'000'000) == 24 * 3'600);
}

}  // namespace token_bucket_test
