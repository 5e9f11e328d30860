// SPDX-License-Identifier: BSD-3-Clause
#include "flow/deadlines.h"

#include "catch.h"

#include <array>
#include <vector>

namespace deadlines_test {

using namespace sluice;
using namespace sluice::flow;

namespace {

constexpr uint32_t kCount = 100;

struct Array {
    // Aligned as the table's own: a block of sixteen is a cache line.
    alignas(64) std::array<std::atomic<uint32_t>, kCount> words{};
    Deadlines deadlines{words};

    std::vector<uint32_t> due(Tick now, size_t room = kCount, uint32_t limit = kCount) {
        std::vector<Deadlines::Due> found(room);
        found.resize(deadlines.scan(position, limit, now, found));
        std::vector<uint32_t> indexes;
        for (const auto& entry : found)
            indexes.push_back(entry.index);
        return indexes;
    }
    uint32_t position = 0;
};

constexpr Tick kNow{1'000'000};

}  // namespace

TEST_CASE("deadlines: a scan finds what is due and nothing else", "[flow][deadlines]") {
    Array array;
    array.deadlines.set(0, kNow, kNow + Duration{10});
    array.deadlines.set(37, kNow, kNow + Duration{20});
    array.deadlines.set(99, kNow, kNow + Duration{10});
    CHECK(array.due(kNow + Duration{9}).empty());
    CHECK(array.due(kNow + Duration{10}) == std::vector<uint32_t>{0, 99});
    CHECK(array.due(kNow + Duration{20}) == std::vector<uint32_t>{0, 37, 99});
    array.deadlines.clear(37);
    CHECK(array.due(kNow + Duration{20}) == std::vector<uint32_t>{0, 99});
}

TEST_CASE("deadlines: a far deadline is looked at in 300 s", "[flow][deadlines]") {
    Array array;
    array.deadlines.set(5, kNow, kNow + Duration::seconds(432000));
    CHECK(array.due(kNow + Duration::seconds(299)).empty());
    CHECK(array.due(kNow + kLongestCheck) == std::vector<uint32_t>{5});
}

TEST_CASE("deadlines: ticks may wrap, and zero is avoided", "[flow][deadlines]") {
    Array array;
    const Tick late{~uint32_t{0} - 5};
    array.deadlines.set(1, late, Tick{0});
    array.deadlines.set(2, late, Tick{10});
    CHECK(array.due(late).empty());
    CHECK(array.due(Tick{0}) == std::vector<uint32_t>{1});
    CHECK(array.due(Tick{10}) == std::vector<uint32_t>{1, 2});
}

TEST_CASE("deadlines: a scan goes on where it stopped", "[flow][deadlines]") {
    Array array;
    for (uint32_t i = 0; i < kCount; ++i)
        array.deadlines.set(i, kNow, kNow);

    SECTION("when there is no room for more") {
        std::vector<uint32_t> all;
        for (int i = 0; i < 15; ++i)
            for (uint32_t index : array.due(kNow, 7))
                all.push_back(index);
        REQUIRE(all.size() >= kCount);
        for (uint32_t i = 0; i < kCount; ++i)
            CHECK(all[i] == i);
    }
    SECTION("when the limit is reached") {
        CHECK(array.due(kNow, kCount, 30).size() == 30);
        CHECK(array.position == 30);
        CHECK(array.due(kNow, kCount, 69).front() == 30);
        CHECK(array.due(kNow, kCount, 69) == std::vector<uint32_t>{99});
        CHECK(array.position == 0);
    }
}

TEST_CASE("deadlines: replacing leaves an owner's newer word alone", "[flow][deadlines]") {
    Array array;
    array.deadlines.set(3, kNow, kNow);
    std::array<Deadlines::Due, 1> due{};
    REQUIRE(array.deadlines.scan(array.position, kCount, kNow, due) == 1);
    array.position = 0;

    SECTION("without one, the entry is postponed") {
        array.deadlines.replace(due[0], kNow, kNow + Duration{50});
        CHECK(array.due(kNow + Duration{49}).empty());
        CHECK(array.due(kNow + Duration{50}).size() == 1);
    }
    SECTION("with one, it stays") {
        array.deadlines.set(3, kNow, kNow + Duration{5});
        array.deadlines.replace(due[0], kNow, kNow + Duration{50});
        CHECK(array.due(kNow + Duration{5}).size() == 1);
    }
}

}  // namespace deadlines_test
