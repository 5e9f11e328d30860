// SPDX-License-Identifier: BSD-3-Clause
#include "history/series.h"

#include "catch.h"

#include <vector>

namespace series_test {

using namespace sluice::history;

namespace {

constexpr std::time_t kStart = 1'800'000'000;  // a multiple of 3600

/// Rows of ten seconds: what is counted, and what there is.
void fill(Series& series, size_t rows) {
    for (size_t i = 1; i <= rows; ++i)
        series.add(kStart + static_cast<std::time_t>(i * 10), 10'000,
                   std::vector<uint64_t>{i * 10, i});
}

}  // namespace

TEST_CASE("series: rates are means, levels the highest, by steps of the clock", "[history]") {
    Series series({Kind::Rate, Kind::Level});
    fill(series, 12);
    const auto points = series.points({.since = 0, .step = 60, .columns = {0, 1}});
    REQUIRE(points.size() == 2);
    CHECK(points[0].begin == kStart);
    CHECK(points[0].values == std::vector<double>{3.5, 6});  // (1 + … + 6) / 6
    CHECK(points[1].begin == kStart + 60);
    CHECK(points[1].values == std::vector<double>{9.5, 12});
}

TEST_CASE("series: only what is asked for comes, and in that order", "[history]") {
    Series series({Kind::Rate, Kind::Level});
    CHECK(series.points({.columns = {0}}).empty());
    fill(series, 3);
    const auto points = series.points({.since = kStart + 10, .columns = {1, 0}});
    REQUIRE(points.size() == 2);
    CHECK(points[0].values == std::vector<double>{2, 2});
    CHECK(points[1].values == std::vector<double>{3, 3});
}

TEST_CASE("series: a row that came late counts over its own time", "[history]") {
    Series series({Kind::Rate});
    series.add(kStart + 10, 10'000, std::vector<uint64_t>{100});
    series.add(kStart + 50, 40'000, std::vector<uint64_t>{400});
    const auto points = series.points({.step = 60, .columns = {0}});
    REQUIRE(points.size() == 1);
    CHECK(points[0].values[0] == 10);
}

TEST_CASE("series: a day stays, what is older goes", "[history]") {
    Series series({Kind::Rate, Kind::Level});
    fill(series, Series::kMostRows + 5);
    const auto points = series.points({.columns = {1}});
    REQUIRE(points.size() == Series::kMostRows);
    CHECK(points.front().values[0] == 6);
    CHECK(points.back().values[0] == Series::kMostRows + 5);
}

TEST_CASE("series: it has 16 MB at most, and numbers end at 2^32 - 1", "[history]") {
    Series series(std::vector<Kind>(1000, Kind::Level));
    CHECK(series.columns() == Series::kMostColumns);
    CHECK(series.bytes() <= 16'000'000);
    series.add(kStart, 1, std::vector<uint64_t>(1000, uint64_t{1} << 40));
    CHECK(series.points({.columns = {0}})[0].values[0] == 4'294'967'295.0);
}

}  // namespace series_test
