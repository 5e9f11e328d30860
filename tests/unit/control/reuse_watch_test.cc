// SPDX-License-Identifier: BSD-3-Clause
#include "control/reuse_watch.h"

#include "catch.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reuse_watch_test {

using namespace sluice;
using control::ReuseWatch;
using Kind = flow::MemberName::Kind;

namespace {

/// A table with two workers, and what is said of them.
struct Table {
    static std::unique_ptr<flow::FlowTable> make() {
        flow::FlowTableParams params;
        params.capacity = 100;
        return std::move(flow::FlowTable::create(params).value());
    }
    /// As long, with a look every few milliseconds.
    void pass(int32_t milliseconds) {
        for (int32_t passed = 0; passed < milliseconds; passed += 5) {
            now = now + Duration{5};
            watch.turn(now);
        }
    }
    uint64_t delays() const { return counters.count[stats::Count::ReuseDelayed].read(); }

    std::unique_ptr<flow::FlowTable> table = make();
    flow::Member first{*table, {Kind::Worker, 0}};
    flow::Member second{*table, {Kind::Worker, 1}};
    stats::Counters counters;
    std::vector<std::string> said;
    ReuseWatch watch{*table, counters,
                     [this](const std::string& sentence) { said.push_back(sentence); }};
    Tick now{0xffff'ffc0};  // the clock runs round within the tests
};

}  // namespace

TEST_CASE("reuse watch: a worker that others wait for is named after 100 ms", "[control]") {
    Table table;
    table.pass(1000);
    CHECK(table.said.empty());  // nobody waits
    table.table->grace().begin();
    table.first.quiescent();
    table.pass(100);
    CHECK(table.said.empty());
    table.pass(10);
    REQUIRE(table.said.size() == 1);
    CHECK(table.said[0].starts_with("worker 1 has gone on for 100 ms without a pause"));
    CHECK(table.table->grace().last_delay().is_long());
    table.pass(500);
    CHECK(table.said.size() == 1);
    CHECK(table.delays() == 1);
    table.second.quiescent();
    table.pass(10);
    CHECK(table.table->grace().last_delay().milliseconds == 0);
}

TEST_CASE("reuse watch: all delays are counted, and one is told in ten seconds", "[control]") {
    Table table;
    for (int i = 0; i < 5; ++i) {
        table.table->grace().begin();
        table.first.quiescent();
        table.pass(200);
        table.second.quiescent();
        table.pass(10);
    }
    CHECK(table.delays() == 5);
    CHECK(table.said.size() == 1);
    table.pass(control::kBetweenDelays.milliseconds);
    table.table->grace().begin();
    table.second.quiescent();
    table.pass(200);
    REQUIRE(table.said.size() == 2);
    CHECK(table.said[1].starts_with("worker 0 "));
}

TEST_CASE("reuse watch: who sleeps holds up nobody", "[control]") {
    Table table;
    table.first.offline();
    table.second.offline();
    table.table->grace().begin();
    table.pass(1000);
    CHECK(table.delays() == 0);
    table.first.online();
    table.second.online();
}

TEST_CASE("reuse watch: who has not looked for long blames nobody", "[control]") {
    Table table;
    table.pass(100);
    table.table->grace().begin();
    for (int i = 0; i < 10; ++i) {
        table.now = table.now + Duration::seconds(2);  // the whole process was stopped
        table.watch.turn(table.now);
    }
    CHECK(table.delays() == 0);
}

}  // namespace reuse_watch_test
