// SPDX-License-Identifier: BSD-3-Clause
#include "policy/tunings.h"

#include "catch.h"

using namespace sluice;
using namespace sluice::policy;

namespace {

conntrack::OwnTimeouts udp(int32_t seconds) {
    conntrack::OwnTimeouts own{};
    own[*conntrack::timeout_place("udp")] = Duration::seconds(seconds);
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
