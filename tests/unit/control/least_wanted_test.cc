// SPDX-License-Identifier: BSD-3-Clause
#include "control/least_wanted.h"

#include "catch.h"

#include <algorithm>

namespace least_wanted_test {

using namespace sluice;
using control::Candidate;
using control::least_wanted;
using Hops = std::vector<link::HopIndex>;

namespace {

Hops sorted(Hops hops) {
    std::sort(hops.begin(), hops.end());
    return hops;
}

}  // namespace

TEST_CASE("least wanted: those without a MAC go first, then those used longest ago", "[control]") {
    const std::vector<Candidate> all{
        {1, 11, 900}, {2, 0, 5}, {3, 13, 700}, {4, 0, 9}, {5, 15, 800}};
    CHECK(least_wanted(all, 0, 9).empty());
    CHECK(least_wanted(all, 1, 9) == Hops{4});
    CHECK(sorted(least_wanted(all, 2, 9)) == Hops{2, 4});
    CHECK(sorted(least_wanted(all, 3, 9)) == Hops{1, 2, 4});
    CHECK(sorted(least_wanted(all, 4, 9)) == Hops{1, 2, 4, 5});
    CHECK(least_wanted(all, 99, 9).size() == all.size());
    CHECK(least_wanted({}, 3, 9).empty());
}

TEST_CASE("least wanted: what a MAC has beyond its part goes before the others", "[control]") {
    const std::vector<Candidate> all{{1, 7, 10}, {2, 7, 40}, {3, 7, 20},   {4, 7, 30},
                                     {5, 8, 90}, {6, 0, 1},  {7, 9, 1000}, {8, 8, 80}};
    CHECK(least_wanted(all, 1, 2) == Hops{6});
    CHECK(sorted(least_wanted(all, 3, 2)) == Hops{2, 4, 6});
    CHECK(sorted(least_wanted(all, 4, 2)) == Hops{2, 4, 6, 7});  // a MAC's part is as good as any
    CHECK(sorted(least_wanted(all, 5, 2)) == Hops{2, 4, 5, 6, 7});
}

}  // namespace least_wanted_test
