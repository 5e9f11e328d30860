// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/traffic_table.h"

#include "catch.h"

#include <thread>
#include <vector>

namespace traffic_table_test {

using namespace sluice;
using namespace sluice::hosts;

namespace {

constexpr SideTraffic kOne{{1, 100}, {2, 3000}};

std::unique_ptr<TrafficTable> make(uint32_t rows, uint32_t stripes = 1) {
    return std::move(TrafficTable::create({.rows = rows, .stripes = stripes, .secret = 7}).value());
}

}  // namespace

TEST_CASE("traffic table: a key has all that was added for it, by whichever stripe", "[hosts]") {
    const auto table = make(10, 4);
    for (unsigned stripe = 0; stripe < 9; ++stripe)
        table->add(5, stripe, kOne);
    table->add(TrafficTable::Row{}.key, 0, kOne);  // 0 is a key as others are
    const auto rows = table->read();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].key == 5);
    CHECK(rows[0].traffic == SideTraffic{{9, 900}, {18, 27'000}});
    CHECK(rows[1].key == 0);
    CHECK(rows[1].traffic == kOne);
    CHECK(table->others() == SideTraffic{});
}

TEST_CASE("traffic table: keys stand in the order in which they came", "[hosts]") {
    const auto table = make(1000);
    for (uint64_t key = 1000; key > 0; --key)
        table->add(key << 20, 0, kOne);
    const auto rows = table->read();
    REQUIRE(rows.size() == 1000);
    for (size_t i = 0; i < rows.size(); ++i)
        REQUIRE(rows[i].key == (1000 - i) << 20);
}

TEST_CASE("traffic table: what finds no row is in that of all others", "[hosts]") {
    const auto table = make(3);
    for (uint64_t key = 1; key <= 5; ++key)
        table->add(key, 0, kOne);
    table->add(1, 0, kOne);
    CHECK(table->read().size() == 3);
    CHECK(table->read()[0].traffic == SideTraffic{{2, 200}, {4, 6000}});
    CHECK(table->others() == SideTraffic{{2, 200}, {4, 6000}});
}

TEST_CASE("traffic table: of many threads nothing is lost, and no key has two rows", "[hosts]") {
    constexpr unsigned kThreads = 4;
    constexpr uint64_t kKeys = 500;
    const auto table = make(kThreads * kKeys, 2);
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < kThreads; ++n)
        threads.emplace_back([&table, n] {
            for (uint64_t round = 0; round < 20; ++round)
                for (uint64_t key = 0; key < kKeys; ++key)
                    table->add((key + n * 7) % kKeys, n, kOne);
        });
    for (std::thread& thread : threads)
        thread.join();
    const auto rows = table->read();
    CHECK(rows.size() == kKeys);
    for (const TrafficTable::Row& row : rows)
        REQUIRE(row.traffic == SideTraffic{{80, 8000}, {160, 240'000}});
    CHECK(table->others() == SideTraffic{});
}

TEST_CASE("traffic table: a size that cannot be had is refused", "[hosts]") {
    CHECK(TrafficTable::create({.rows = 0}).error().message.ends_with("must be 1 to 1048575"));
    CHECK_FALSE(TrafficTable::create({.rows = TrafficTable::kMostRows + 1}));
}

}  // namespace traffic_table_test
