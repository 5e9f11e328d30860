// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/rate.h"

#include "catch.h"

namespace rate_test {

using namespace sluice;
using namespace sluice::hosts;

namespace {

/// A full second, at this moment.
uint64_t full_at(Tick now) {
    return Rate{second_of(now), 5, 3}.bits();
}

}  // namespace

TEST_CASE("rate: a second that comes again after 49 days is a new one", "[hosts]") {
    const Tick start{GENERATE(0u, 5'000u, 0x7fff'ffffu, 0xffff'0000u)};
    constexpr uint32_t kStep = 7 * 3'600'000;
    std::atomic<uint64_t> word{full_at(start)};
    CHECK_FALSE(pace(word, 5, start));
    Tick now = start;
    for (uint64_t age = kStep; age < uint64_t{1} << 32; age += kStep) {
        now = now + Duration{kStep};
        forget_past(word, now);
    }
    CHECK(pace(word, 5, start));  // the same tick, 2^32 later
}

TEST_CASE("rate: nothing of this second or the last is forgotten, by whose clock it may be",
          "[hosts]") {
    const Tick start{100'000};
    for (int32_t off = -3'000; off <= 3'000; off += 500) {
        std::atomic<uint64_t> word{full_at(start)};
        forget_past(word, start + Duration{off});
        CHECK_FALSE(pace(word, 5, start));
    }
}

TEST_CASE("rate: what is long past is forgotten at the first look", "[hosts]") {
    std::atomic<uint64_t> word{full_at(Tick{0xffff'ffff})};
    forget_past(word, Tick{60'000});
    CHECK(word.load() == 0);
}

}  // namespace rate_test
