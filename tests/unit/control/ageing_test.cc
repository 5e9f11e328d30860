// SPDX-License-Identifier: BSD-3-Clause
#include "control/ageing.h"

#include "catch.h"
#include "fixed_policy.h"
#include "flow/age.h"

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <vector>

namespace ageing_test {

using namespace sluice;
using control::Ageing;
using stats::Count;

namespace {

/// A table and its ageing, with a clock that the test moves.
struct Table {
    explicit Table(uint32_t capacity) : table(make(capacity)), owner(*table), control(*table) {
        policy.policy.holders.blocks = {64, 4};
    }

    static std::unique_ptr<flow::FlowTable> make(uint32_t capacity) {
        flow::FlowTableParams params;
        params.capacity = capacity;
        params.secret = {1, 2, 3, 4};
        return std::move(flow::FlowTable::create(params).value());
    }

    /// Opens the n-th flow as its owner does; returns its record's index.
    uint32_t open(uint32_t n, Duration timeout) {
        std::array<uint32_t, 1> index{};
        REQUIRE(owner.take(index) == 1);
        flow::FlowRecord& record = table->record(index[0]);
        const net::Tuple tuple{Be32::from_host(0x0a000000 + n),
                               Be32::from_host(0xcb007101),
                               Be16::from_host(1000),
                               Be16::from_host(80),
                               net::Protocol::Udp,
                               {}};
        record.tuple = {tuple, tuple.reversed()};
        refresh(index[0], timeout);
        REQUIRE(owner.insert(index[0], now).outcome == flow::InsertOutcome::Inserted);
        table->deadlines().set(index[0], now, now + timeout);
        return index[0];
    }

    /// A packet of the flow.
    void refresh(uint32_t index, Duration timeout) {
        table->record(index).deadline.store(now + timeout);
    }

    unsigned turn(Duration step) {
        now = now + step;
        const unsigned killed = ageing.turn(now);
        owner.quiescent();
        control.quiescent();
        return killed;
    }

    void pass(Duration time, Duration step = Duration{10}) {
        for (const Tick end = now + time; end.is_after(now);)
            turn(step);
    }

    int64_t tell(const control::BlockEvent& event) {
        told.push_back(event);
        return 7;
    }

    bool is_live(uint32_t index) const {
        return table->record(index).life.load().life() == flow::Life::Live;
    }

    std::unique_ptr<flow::FlowTable> table;
    flow::Member owner;
    flow::Member control;
    stats::Counters counters;
    std::vector<control::BlockEvent> told;
    test::FixedPolicy policy;
    Ageing ageing{{*table, control, counters, policy.current,
                   [this](const control::BlockEvent& event) { return tell(event); }}};
    Tick now{0xffff'd000};  // wraps in twelve seconds
};

}  // namespace

TEST_CASE("ageing: a flow ends two seconds after its deadline, not before", "[control][ageing]") {
    Table flows(100);
    const uint32_t index = flows.open(1, Duration::seconds(30));
    flows.pass(Duration{31'990});
    CHECK(flows.is_live(index));
    CHECK(flows.counters.count[Count::FlowsExpired].read() == 0);
    flows.pass(Duration{1'020});
    CHECK_FALSE(flows.is_live(index));
    CHECK(flows.table->size() == 0);
    CHECK(flows.counters.count[Count::FlowsExpired].read() == 1);
}

TEST_CASE("ageing: a flow that its packets keep alive stays", "[control][ageing]") {
    Table flows(100);
    const uint32_t index = flows.open(1, Duration::seconds(30));
    for (unsigned packet = 0; packet < 20; ++packet) {
        flows.pass(Duration::seconds(25));
        REQUIRE(flows.is_live(index));
        flows.refresh(index, Duration::seconds(30));
    }
    flows.pass(Duration::seconds(31));
    CHECK(flows.is_live(index));
    flows.pass(Duration::seconds(2));
    CHECK_FALSE(flows.is_live(index));
}

TEST_CASE("ageing: a timeout of days outlives many checks, then ends", "[control][ageing]") {
    Table flows(10);
    const uint32_t index = flows.open(1, Duration::seconds(5 * 24 * 3600));
    flows.pass(Duration::seconds(5 * 24 * 3600), Duration::seconds(1));
    CHECK(flows.is_live(index));
    flows.pass(Duration::seconds(5), Duration::seconds(1));
    CHECK_FALSE(flows.is_live(index));
}

TEST_CASE("ageing: for a hundred days a flow never seems younger than it is known to be",
          "[control][ageing]") {
    Table flows(10);
    const Duration timeout = Duration::seconds(3600);
    const uint32_t index = flows.open(1, timeout);
    flow::FlowRecord& record = flows.table->record(index);
    record.opened = flows.now;
    constexpr int64_t kDay = 24 * 3600 * 1000;
    constexpr int64_t kStep = 200'000;
    for (int64_t age = kStep; age < 100 * kDay; age += kStep) {
        flows.refresh(index, timeout);
        flows.turn(Duration{kStep});
        const int64_t seen = flow::age_ms(record.opened, flows.now);
        if (age <= 24 * kDay)
            REQUIRE(seen == age);
        else
            REQUIRE((seen >= 24 * kDay && seen <= 24 * kDay + 3 * kStep));
    }
    CHECK(flows.is_live(index));
}

TEST_CASE("ageing: a record that is not live is left alone", "[control][ageing]") {
    Table flows(10);
    std::array<uint32_t, 1> index{};
    REQUIRE(flows.owner.take(index) == 1);
    flows.table->record(index[0]).deadline.store(flows.now);
    flows.table->deadlines().set(index[0], flows.now, flows.now + Duration{1});
    flows.pass(Duration::seconds(5));
    CHECK(flows.table->record(index[0]).life.load().life() == flow::Life::Opening);
    CHECK(flows.counters.count[Count::FlowsExpired].read() == 0);
}

TEST_CASE("ageing: a pass takes a second, however long the turns", "[control][ageing]") {
    const int step = GENERATE(1, 7, 250, 1000, 60'000);
    CAPTURE(step);
    constexpr unsigned kFlows = 2000;  // no more than one turn may end
    Table flows(kFlows);
    const Tick start = flows.now;
    for (uint32_t n = 0; n < kFlows; ++n)
        flows.open(n, Duration{1});
    flows.ageing.turn(flows.now);

    const unsigned share = (kFlows * static_cast<unsigned>(std::min(step, 1000)) + 999) / 1000;
    while (flows.table->size() > 0 && flows.now - start < Duration::seconds(120))
        CHECK(flows.turn(Duration{step}) <= share);
    CHECK(flows.table->size() == 0);
    CHECK((flows.now - start).milliseconds <= 2001 + 1000 + step);
}

TEST_CASE("ageing: one turn looks at a bounded number of flows", "[control][ageing]") {
    constexpr uint32_t kFlows = 10'000;
    Table flows(kFlows);
    for (uint32_t n = 0; n < kFlows; ++n)
        flows.open(n, Duration::seconds(1));
    CHECK(flows.turn(Duration::seconds(10)) == control::kMaxDuePerTurn);
    unsigned turns = 1;
    while (flows.table->size() > 0 && turns < 100) {
        CHECK(flows.turn(Duration::seconds(1)) <= control::kMaxDuePerTurn);
        ++turns;
    }
    CHECK(turns == 5);
    CHECK(flows.counters.count[Count::FlowsExpired].read() == kFlows);
}

TEST_CASE("ageing: every flow ends in the second after its last deadline plus two",
          "[control][ageing]") {
    constexpr uint32_t kFlows = 300;
    Table flows(kFlows);
    std::mt19937 random(11);
    std::vector<uint32_t> index;
    std::vector<Tick> deadline;
    const auto timeout = [&] { return Duration{static_cast<int32_t>(random() % 400'000)}; };
    for (uint32_t n = 0; n < kFlows; ++n) {
        const Duration first = timeout();
        index.push_back(flows.open(n, first));
        deadline.push_back(flows.now + first);
    }
    // Until a flow's time is up, its packets move the deadline on now and then.
    unsigned ended = 0;
    unsigned early = 0;
    unsigned late = 0;
    for (unsigned turn = 0; turn < 60'000 && ended < kFlows; ++turn) {
        flows.turn(Duration{static_cast<int32_t>(random() % 40)});
        const uint32_t n = random() % kFlows;
        if (turn < 20'000 && deadline[n].is_after(flows.now)) {
            const Tick later = flows.now + timeout();
            deadline[n] = later.is_after(deadline[n]) ? later : deadline[n];
            flows.refresh(index[n], deadline[n] - flows.now);
        }
        ended = 0;
        for (uint32_t i = 0; i < kFlows; ++i) {
            const Duration over = flows.now - deadline[i];
            const bool is_live = flows.is_live(index[i]);
            ended += !is_live;
            early += !is_live && over < Duration::seconds(2);
            late += is_live && over > Duration{3100};
        }
    }
    CHECK(early == 0);
    CHECK(late == 0);
    CHECK(ended == kFlows);
    CHECK(flows.counters.count[Count::FlowsExpired].read() == kFlows);
}

TEST_CASE("ageing: a block ends when nothing hangs on it, and begins and ends in one notice each",
          "[control][ageing][blocks]") {
    Table flows(100);
    flow::Stock stock(flows.owner, 0);
    nat::Holders holders({*flows.table, flows.owner, stock, flows.counters, 0},
                         flows.policy.current);
    const Be32 host = Be32::from_host(0x0a000001);
    const net::Endpoint first{Be32::from_host(0xc6336401), Be16::from_host(2048)};
    const uint32_t block = holders.make(nat::block_keys(host, 0, first), {}, flows.now).index;
    std::array<uint32_t, 1> flow{};
    REQUIRE(flows.owner.take(flow) == 1);
    REQUIRE(flows.owner.hang(flow[0], block));

    flows.pass(Duration{1'010});
    REQUIRE(flows.told.size() == 1);
    CHECK(flows.told[0].host == host);
    CHECK(flows.told[0].first == first);
    CHECK(flows.told[0].ports == 64);
    CHECK(flows.told[0].age <= Duration{1'010});
    CHECK_FALSE(flows.told[0].began);
    flows.pass(Duration::seconds(3 * 24 * 3600), Duration::seconds(2));
    CHECK(flows.is_live(block));
    CHECK(nat::find_holder(*flows.table, nat::block_keys(host, 0, {}).original, flows.now) ==
          block);
    CHECK(flows.told.size() == 1);

    flows.owner.give_back(flow);
    flows.pass(Duration{3'010});
    CHECK_FALSE(flows.is_live(block));
    REQUIRE(flows.told.size() == 2);
    CHECK(flows.told[1].first == first);
    CHECK(flows.told[1].began == 7);
    CHECK(flows.counters.count[Count::HoldersExpired].read() == 1);
}

}  // namespace ageing_test
