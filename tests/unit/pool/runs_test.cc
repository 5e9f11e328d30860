// SPDX-License-Identifier: BSD-3-Clause
#include "pool/runs.h"

#include "catch.h"

#include <random>
#include <vector>

namespace runs_test {

using namespace sluice;
using pool::kNoRun;
using pool::Runs;

namespace {

Runs made_of(const std::vector<Runs::Run>& list) {
    Runs runs;
    for (const Runs::Run& run : list)
        runs.add(run.first, run.last, run.value);
    runs.compile();
    return runs;
}

}  // namespace

TEST_CASE("runs: of those that overlap the one with the lowest value counts", "[pool]") {
    const Runs runs = made_of({{10, 19, 1}, {15, 24, 0}, {12, 12, 0}, {30, 30, 5}});
    CHECK(runs.find(9) == kNoRun);
    CHECK(runs.find(10) == 1);
    CHECK(runs.find(12) == 0);
    CHECK(runs.find(14) == 1);
    CHECK(runs.find(15) == 0);
    CHECK(runs.find(24) == 0);
    CHECK(runs.find(25) == kNoRun);
    CHECK(runs.find(30) == 5);
    CHECK(runs.find(31) == kNoRun);
    CHECK(runs.lowest() == 10);
    CHECK(runs.highest() == 30);
    CHECK(*runs.next(25) == Runs::Run{30, 30, 5});
    CHECK(runs.next(31) == nullptr);
}

TEST_CASE("runs: none hold nothing", "[pool]") {
    const Runs runs = made_of({});
    CHECK(runs.is_empty());
    CHECK(runs.find(0) == kNoRun);
    CHECK(runs.next(0) == nullptr);
}

TEST_CASE("runs: find() says what a look at every run says", "[pool]") {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::vector<Runs::Run> list;
        for (uint32_t i = 0; i < 20; ++i) {
            const uint64_t first = random() % 100;
            list.push_back({first, first + random() % 20, static_cast<uint32_t>(random() % 8)});
        }
        const Runs runs = made_of(list);
        for (uint64_t number = 0; number < 125; ++number) {
            uint32_t lowest = kNoRun;
            for (const Runs::Run& run : list)
                if (run.first <= number && number <= run.last)
                    lowest = std::min(lowest, run.value);
            REQUIRE(runs.find(number) == lowest);
        }
    }
}

}  // namespace runs_test
