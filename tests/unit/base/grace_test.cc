// SPDX-License-Identifier: BSD-3-Clause
#include "base/grace.h"

#include "catch.h"

#include <vector>

namespace grace_test {

using namespace sluice;

namespace {

constexpr unsigned kFirst = 0, kSecond = 5, kSeats = 8;
constexpr Tick kStart{~uint32_t{0} - 50};  // it wraps on the way
constexpr Duration kMost{100};

using Batch = std::vector<int>;

/// What has been handed out for reuse.
struct Reused {
    Batch all;
    void operator()(const Batch& batch) { all.insert(all.end(), batch.begin(), batch.end()); }
};

}  // namespace

TEST_CASE("grace: a period is over when every reader has been quiescent since", "[base]") {
    Grace grace(kSeats);
    grace.join(kFirst);
    grace.join(kSecond);
    const uint64_t number = grace.begin();
    CHECK_FALSE(grace.is_over(number));
    grace.quiescent(kFirst);
    CHECK_FALSE(grace.is_over(number));
    grace.quiescent(kSecond);
    CHECK(grace.is_over(number));
    CHECK_FALSE(grace.is_over(grace.begin()));
}

TEST_CASE("grace: nobody waits for who is offline or has left", "[base]") {
    Grace grace(kSeats);
    grace.join(kFirst);
    grace.join(kSecond);
    const uint64_t number = grace.begin();
    grace.offline(kFirst);
    grace.leave(kSecond);
    CHECK(grace.is_over(number));
    grace.online(kFirst);
    CHECK(grace.is_over(number));  // it has come after the period began
    CHECK_FALSE(grace.is_over(grace.begin()));
}

TEST_CASE("grace: what is retired during a period waits for the next", "[base]") {
    Grace grace(kSeats);
    grace.join(kFirst);
    Retired<Batch> retired;
    Reused reused;
    const auto turn = [&] { retired.turn(grace, [&](const Batch& batch) { reused(batch); }); };
    retired.fresh().push_back(1);
    turn();
    retired.fresh().push_back(2);
    retired.fresh().push_back(3);
    turn();
    CHECK(reused.all.empty());
    grace.quiescent(kFirst);
    turn();
    CHECK(reused.all == Batch{1});
    CHECK(retired.waiting() == Batch{2, 3});
    turn();
    CHECK(reused.all == Batch{1});
    grace.quiescent(kFirst);
    turn();
    CHECK(reused.all == Batch{1, 2, 3});

    retired.fresh().push_back(4);
    turn();
    retired.fresh().push_back(5);
    retired.hand_over([&](const Batch& batch) { reused(batch); });
    CHECK(reused.all == Batch{1, 2, 3, 5, 4});
    CHECK((retired.fresh().empty() && retired.waiting().empty()));
}

TEST_CASE("grace: a reading that takes too long is put offline, and told", "[base]") {
    Grace grace(kSeats);
    grace.begin_reading(kSecond);
    const uint64_t number = grace.begin();
    CHECK(grace.put_late_offline(kStart, kMost) == 0);
    CHECK(grace.put_late_offline(kStart + kMost, kMost) == 0);
    CHECK_FALSE(grace.is_over(number));
    CHECK(grace.put_late_offline(kStart + kMost + Duration{1}, kMost) == 1);
    CHECK(grace.is_over(number));
    CHECK(grace.put_late_offline(kStart + kMost + kMost, kMost) == 0);  // once
    CHECK_FALSE(grace.end_reading(kSecond));
}

TEST_CASE("grace: each reading of a seat has its own time", "[base]") {
    Grace grace(kSeats);
    Tick now = kStart;
    for (int i = 0; i < 10; ++i) {
        grace.begin_reading(kFirst);
        CHECK(grace.put_late_offline(now, kMost) == 0);
        now = now + Duration{90};
        CHECK(grace.put_late_offline(now, kMost) == 0);
        CHECK(grace.end_reading(kFirst));
    }
}

TEST_CASE("grace: members are waited for, however long it takes", "[base]") {
    Grace grace(kSeats);
    grace.join(kFirst);
    const uint64_t number = grace.begin();
    for (int i = 0; i < 10; ++i)
        CHECK(grace.put_late_offline(kStart + Duration::seconds(i), kMost) == 0);
    CHECK_FALSE(grace.is_over(number));
}

TEST_CASE("grace: who is waited for is known by tag, and since when", "[base]") {
    Grace grace(kSeats);
    grace.join(kFirst, 11);
    grace.join(kSecond, 12);
    CHECK(grace.longest_delay(kStart, false).milliseconds == 0);
    const Tick begun = kStart + kMost;
    CHECK(grace.longest_delay(begun, false).milliseconds == 0);  // nobody waits
    grace.begin();
    CHECK(grace.longest_delay(begun, false).milliseconds == 0);
    grace.quiescent(kFirst);
    const Tick later = begun + kMost;
    const Delay delay = grace.longest_delay(later, false);
    CHECK(delay.tag == 12);
    CHECK(delay.milliseconds == 100);
    CHECK(grace.last_delay().tag == 12);
    CHECK(grace.last_delay().milliseconds == 100);
    CHECK_FALSE(grace.last_delay().is_long());
    CHECK(grace.longest_delay(later, true).milliseconds == 0);  // it has begun anew
    grace.quiescent(kSecond);
    CHECK(grace.longest_delay(later + kMost, false).milliseconds == 0);
    CHECK(grace.last_delay().milliseconds == 0);
}

TEST_CASE("grace: who goes on and on is not late, though there is always a period", "[base]") {
    Grace grace(kSeats);
    grace.join(kFirst);
    Tick now = kStart;
    for (int i = 0; i < 10; ++i) {
        grace.begin();
        now = now + Duration{20};
        CHECK(grace.longest_delay(now, false).milliseconds == 0);
        grace.quiescent(kFirst);
    }
    grace.begin();
    CHECK(grace.longest_delay(now, false).milliseconds == 0);
    grace.offline(kFirst);
    CHECK(grace.longest_delay(now + kMost, false).milliseconds == 0);
}

TEST_CASE("grace: a reading is nobody's delay, for it is put offline", "[base]") {
    Grace grace(kSeats);
    grace.begin_reading(kFirst);
    grace.begin();
    grace.longest_delay(kStart, false);
    CHECK(grace.longest_delay(kStart + kMost, false).milliseconds == 0);
    CHECK(grace.end_reading(kFirst));
}

}  // namespace grace_test
