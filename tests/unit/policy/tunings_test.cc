// SPDX-License-Identifier: BSD-3-Clause
#include "policy/tunings.h"

#include "catch.h"

namespace tunings_test {

using namespace sluice;
using namespace sluice::policy;

namespace {

OwnTuning udp(int32_t seconds) {
    OwnTuning own;
    own.timeouts[*conntrack::timeout_place("udp")] = Duration::seconds(seconds);
    return own;
}

}  // namespace

TEST_CASE("tunings: a set is known by what it says", "[policy]") {
    Tunings tunings;
    CHECK(tunings.take({}) == 0);
    CHECK(tunings.size() == 0);
    CHECK(tunings.take(udp(5)) == 1);
    CHECK(tunings.take(udp(6)) == 2);
    CHECK(tunings.take(udp(5)) == 1);
    CHECK(tunings.size() == 2);

    conntrack::Tuning all;
    all.icmp = Duration::seconds(9);
    const auto over = tunings.over(all);
    REQUIRE(over.size() == 2);
    CHECK(over[0].udp == Duration::seconds(5));
    CHECK(over[1].udp == Duration::seconds(6));
    CHECK(over[1].icmp == Duration::seconds(9));
}

TEST_CASE("tunings: there is no number beyond the last, and room again for what is taken back",
          "[policy]") {
    Tunings tunings;
    for (int32_t n = 1; n <= static_cast<int32_t>(Tunings::kMost); ++n)
        REQUIRE(tunings.take(udp(n)) == n);
    CHECK_FALSE(tunings.take(udp(1000)));
    CHECK(tunings.take(udp(63)) == 63);
    CHECK(tunings.take({}) == 0);
    tunings.forget_from(62);
    CHECK(tunings.take(udp(1000)) == 63);
    CHECK_FALSE(tunings.take(udp(63)));
}

TEST_CASE("tunings: what a set says of logs is known by its number", "[policy]") {
    Tunings tunings;
    OwnTuning quiet = udp(5);
    quiet.logging = Logging::Never;
    CHECK(tunings.take(udp(5)) == 1);
    CHECK(tunings.take(quiet) == 2);
    CHECK(tunings.take({{}, Logging::Always}) == 3);
    Logged logged;
    tunings.tell(logged);
    for (const bool all : {false, true}) {
        CHECK(logged.tells(0, all) == all);
        CHECK(logged.tells(1, all) == all);
        CHECK_FALSE(logged.tells(2, all));
        CHECK(logged.tells(3, all));
        CHECK(logged.tells(63, all) == all);
    }
}

}  // namespace tunings_test
