// SPDX-License-Identifier: BSD-3-Clause
#include "history/trend.h"

#include "catch.h"

namespace trend_test {

using namespace sluice::history;

namespace {

/// Levels each ten seconds, from `first` on and `each` more every time.
Trend steady(size_t count, double first, double each) {
    Trend trend;
    for (size_t i = 0; i < count; ++i)
        trend.add(double(i) * 10, first + double(i) * each);
    return trend;
}

}  // namespace

TEST_CASE("trend: what fills steadily says when it is full", "[history]") {
    CHECK(steady(10, 0, 100).slope().value() == Approx(10));
    CHECK(steady(10, 0, 100).full_in(1900).value() == 100);  // at 900 now
    CHECK(steady(10, 0, 100).full_in(500).value() == 0);     // it is full
}

TEST_CASE("trend: nothing is said of what stands, falls, or is not known yet", "[history]") {
    CHECK_FALSE(Trend().slope());
    CHECK_FALSE(steady(2, 0, 100).full_in(1900));
    CHECK_FALSE(steady(10, 500, 0).full_in(1900));
    CHECK_FALSE(steady(10, 500, -10).full_in(1900));
    CHECK_FALSE(steady(10, 0, 0.001).full_in(1e9));  // beyond a week
}

TEST_CASE("trend: a burst of one reading does not turn it", "[history]") {
    Trend trend = steady(9, 0, 100);
    trend.add(90, 5000);
    CHECK(trend.slope().value() == Approx(10));
    Trend early;
    early.add(-10, 5000);
    for (int i = 0; i < 9; ++i)
        early.add(i * 10, i * 100);
    CHECK(early.slope().value() == Approx(10));
    Trend falling = steady(9, 1000, -100);
    falling.add(90, 5000);
    CHECK_FALSE(falling.full_in(6000));
}

TEST_CASE("trend: what is long ago is forgotten", "[history]") {
    Trend trend = steady(Trend::kMostLevels, 0, 100);
    for (size_t i = 0; i < Trend::kMostLevels; ++i)
        trend.add(1000 + double(i) * 10, 2000);
    CHECK(trend.slope().value() == Approx(0));
}

TEST_CASE("marks: each is told once, and again after it was left", "[history]") {
    Marks marks;
    CHECK(marks.pass(79, 100) == 0);
    CHECK(marks.pass(80, 100) == 80);
    CHECK(marks.pass(81, 100) == 0);
    CHECK(marks.pass(96, 100) == 95);
    CHECK(marks.pass(91, 100) == 0);
    CHECK(marks.pass(95, 100) == 0);  // it was not far enough below
    CHECK(marks.pass(89, 100) == 0);  // 95 is left, 90 is not
    CHECK(marks.pass(95, 100) == 95);
    CHECK(marks.pass(10, 100) == 0);
    CHECK(marks.pass(85, 100) == 80);
    CHECK(marks.pass(5, 0) == 0);
}

}  // namespace trend_test
