// SPDX-License-Identifier: BSD-3-Clause
#include "control/entries.h"

#include "catch.h"
#include "packet_builder.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace entries_test {

using namespace sluice;
using control::Entries;
using control::Stage;

namespace {

constexpr uint32_t kPlaces = 64;
constexpr Tick kNow{10};  // a moment after the ticks have run over

struct Table {
    /// A hop in this stage, used so many milliseconds ago.
    link::HopIndex add(Stage stage, uint32_t age) {
        const link::HopIndex hop = hops->add(0, Be32::from_host(0x0a010000 + ++count));
        entries.change(hop, stage);
        entries[hop].last_used = entries[hop].asked = Tick{kNow.milliseconds - age};
        if (stage == Stage::Reachable)
            hops->resolve(hop, test::mac(static_cast<uint8_t>(count)));
        return hop;
    }

    std::unique_ptr<link::NextHops> hops = std::move(link::NextHops::create(kPlaces, 1).value());
    Entries entries{*hops};
    uint32_t count = 0;
};

}  // namespace

TEST_CASE("entries: nobody goes while a sixteenth of the places is free", "[control]") {
    Table table;
    for (uint32_t i = 0; i < 60; ++i)
        table.add(Stage::Reachable, 1000 - i);
    CHECK(table.entries.excess(kNow).empty());
    table.add(Stage::Reachable, 1);
    const auto excess = table.entries.excess(kNow);
    REQUIRE(excess.size() == 1);
    CHECK(table.hops->address(excess[0]) == Be32::from_host(0x0a010001));
    table.entries.forget(excess[0]);
    CHECK(table.entries.excess(kNow).empty());
}

TEST_CASE("entries: what a worker has sent to stays", "[control]") {
    Table table;
    const link::HopIndex oldest = table.add(Stage::Reachable, 5000);
    const link::HopIndex next = table.add(Stage::Reachable, 4000);
    for (uint32_t i = 0; i < 59; ++i)
        table.add(Stage::Reachable, 1000);
    table.hops->mark_used(oldest);
    CHECK(table.entries.excess(kNow) == std::vector{next});
}

TEST_CASE("entries: gateways and fixed ones stay, whatever their age", "[control]") {
    Table table;
    const link::HopIndex gateway = table.add(Stage::Failed, 9000);
    table.entries[gateway].is_gateway = true;
    const link::HopIndex fixed = table.add(Stage::Fixed, 9000);
    for (uint32_t i = 0; i < 62; ++i)
        table.add(Stage::Reachable, 10);
    const auto excess = table.entries.excess(kNow);
    CHECK(excess.size() == 4);
    CHECK(std::count(excess.begin(), excess.end(), gateway) == 0);
    CHECK(std::count(excess.begin(), excess.end(), fixed) == 0);
}

TEST_CASE("entries: a quarter may be asked for, and the first asked of them go", "[control]") {
    Table table;
    for (uint32_t i = 0; i < 15; ++i)
        table.add(Stage::Asking, 100 - i);
    CHECK(table.entries.may_ask());
    CHECK(table.entries.excess(kNow).empty());
    table.add(Stage::Asking, 1);
    CHECK_FALSE(table.entries.may_ask());
    const auto excess = table.entries.excess(kNow);
    REQUIRE(excess.size() == 1);
    CHECK(table.hops->address(excess[0]) == Be32::from_host(0x0a010001));
    table.entries.forget(excess[0]);
    CHECK(table.entries.may_ask());
}

TEST_CASE("entries: a look of weeks ago is due, and none is later than it may be", "[control]") {
    constexpr uint32_t kDay = 24 * 3600 * 1000;
    constexpr Duration kMost = Duration::seconds(30);
    Table table;
    const link::HopIndex soon = table.add(Stage::Reachable, 0);
    table.entries[soon].due = kNow + Duration::seconds(20);
    const link::HopIndex old = table.add(Stage::Reachable, 0);
    table.entries[old].due = Tick{kNow.milliseconds - GENERATE(1u, 25u, 40u) * kDay};
    table.entries.limit_looks(kMost, kNow);
    CHECK(table.entries[soon].due == kNow + Duration::seconds(20));
    CHECK_FALSE(table.entries[old].due.is_after(kNow));
}

}  // namespace entries_test
