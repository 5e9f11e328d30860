// SPDX-License-Identifier: BSD-3-Clause
#include "nat/ranking.h"

#include "bench.h"
#include "catch.h"
#include "conntrack/status.h"

#include <memory>
#include <utility>

namespace ranking_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

namespace {

constexpr uint16_t kDoor = 7;
constexpr net::Sides kInward{net::Side::Outside, net::Side::Inside};

/// A table so small that all stands near all, and flows in it of which some are outside hosts'.
struct Table {
    flow::FlowRef open(uint16_t port, int32_t age) {
        const flow::FlowRef flow = opener.open(host(1), port).flow;
        REQUIRE(flow);
        record(flow).opened = ground.now + Duration{-age};
        quotas->set(flow.index(), {});
        return flow;
    }
    flow::FlowRef open_inward(uint16_t port, int32_t age, uint16_t door) {
        const flow::FlowRef flow = open(port, age);
        record(flow).sides = {kInward};
        quotas->set(flow.index(), {.door = door});
        return flow;
    }
    flow::FlowRecord& record(flow::FlowRef flow) { return ground.table->record(flow); }
    std::optional<uint32_t> first(uint16_t door, uint32_t but = kNoRecord) {
        return first(hosts::UsedUp{.door = door}, but);
    }
    std::optional<uint32_t> first(const hosts::UsedUp& what, uint32_t but = kNoRecord) {
        const auto victim =
            ranking.choose_counted(udp(host(9), 6000), what, *quotas, ground.now, but);
        return victim ? std::optional(victim->index) : std::nullopt;
    }

    Ground ground{{}, rule_with(1, pool::kAllPorts), 4};
    Opener opener{ground};
    std::unique_ptr<hosts::Quotas> quotas =
        std::move(hosts::Quotas::create({.flows = ground.table->capacity(), .prefixes = 4},
                                        *ground.hosts))
            .value();
    Ranking ranking{*ground.table, *ground.hosts};
};

/// As small, with mappings in it that no flow hangs on unless a test says so.
struct WithMappings : Table {
    uint32_t map(uint16_t port, int32_t age, uint8_t state = 0) {
        const net::Endpoint inside{host(1), Be16::from_host(port)};
        const HolderKeys keys =
            mapping_keys(net::Protocol::Udp, inside, endpoint("198.51.100.1", port));
        const auto made = hands.holders.make(keys, {}, ground.now);
        hands.stock.finish();
        REQUIRE(made.result == Holders::Made::Result::New);
        at(made.index).opened = ground.now + Duration{-age};
        at(made.index).state.fetch_or(state);
        return made.index;
    }
    flow::FlowRecord& at(uint32_t index) { return ground.table->record(index); }
    std::optional<uint32_t> first_of_all() {
        const auto victim =
            ranking.choose(ranking.near(udp(host(9), 6000), ground.now), ground.now);
        return victim ? std::optional(victim->index) : std::nullopt;
    }
    std::optional<Victim> judge(uint32_t index, net::Direction direction = net::Direction::Reply) {
        return ranking.judge_holder({index, direction}, ground.holder_params, ground.now);
    }

    Hands hands{ground, 1};
};

}  // namespace

TEST_CASE("ranking: of what outside hosts have by a door the stalest goes, and none is ended",
          "[nat]") {
    Table table;
    table.open(5000, 100'000);
    const flow::FlowRef old = table.open_inward(5001, 3'000, kDoor);
    const flow::FlowRef young = table.open_inward(5002, 1'000, hosts::kCommonDoor);
    CHECK(table.first(hosts::kNoDoor) == old.index());
    CHECK(table.first(kDoor) == old.index());
    CHECK(table.first(hosts::kCommonDoor) == young.index());
    CHECK(table.first(hosts::kNoDoor, old.index()) == young.index());
    CHECK_FALSE(table.first(kDoor, old.index()));
    CHECK(table.ground.table->size() == 3);
    CHECK(table.opener.counters.count[stats::Count::EarlyDropped].read() == 0);
}

TEST_CASE("ranking: of what a prefix has the stalest goes, and of no other", "[nat]") {
    Table table;
    const net::InsideAddress prefix(Be32::from_host(0x0a010000));
    const net::InsideAddress other(Be32::from_host(0x0a020000));
    const net::InsideAddress third(Be32::from_host(0x0a030000));
    const auto count_for = [&](flow::FlowRef flow, net::InsideAddress whose) {
        const hosts::Charged charged = table.quotas->charge({.prefix = whose}, table.ground.now);
        table.quotas->set(flow.index(), charged.charge);
    };
    const flow::FlowRef old = table.open(5000, 3'000);
    const flow::FlowRef young = table.open(5001, 1'000);
    const flow::FlowRef oldest = table.open(5002, 9'000);
    table.open_inward(5003, 20'000, kDoor);
    count_for(old, prefix);
    count_for(young, prefix);
    count_for(oldest, other);
    CHECK(table.first(hosts::UsedUp{.prefix = prefix}) == old.index());
    CHECK(table.first(hosts::UsedUp{.prefix = prefix}, old.index()) == young.index());
    CHECK(table.first(hosts::UsedUp{.prefix = other}) == oldest.index());
    CHECK_FALSE(table.first(hosts::UsedUp{.prefix = third}));
    // Wherever it stands.
    table.record(young).opened = table.ground.now + Duration{-5'000};
    CHECK(table.first(hosts::UsedUp{.prefix = prefix}) == young.index());
}

TEST_CASE("ranking: what outside hosts have open both ways stays", "[nat]") {
    Table table;
    const flow::FlowRef assured = table.open_inward(5001, 3'000, kDoor);
    table.ground.hosts->add_status(assured.index(), table.record(assured),
                                   conntrack::kSeenReply | conntrack::kAssured);
    CHECK_FALSE(table.first(kDoor));
}

TEST_CASE("ranking: a mapping that no flow hangs on goes as a stranger's flow, a proven one last",
          "[nat][mapping]") {
    WithMappings table;
    const flow::FlowRef answered = table.open(5000, 17'000);
    table.ground.hosts->add_status(answered.index(), table.record(answered), conntrack::kSeenReply);
    const uint32_t mapping = table.map(7000, 1'000);
    CHECK(table.first_of_all() == answered.index());
    table.record(answered).opened = table.ground.now + Duration{-16'000};
    CHECK(table.first_of_all() == mapping);

    SECTION("what a flow hangs on stays") {
        table.at(mapping).holding().dependents = 1;
        CHECK(table.first_of_all() == answered.index());
    }
    SECTION("what has just been made is for the flow that wants in") {
        table.at(mapping).opened = table.ground.now;
        CHECK(table.first_of_all() == answered.index());
    }
    SECTION("what somebody was answered by goes after all flows, the oldest first") {
        table.at(mapping).state.fetch_or(kProven);
        const uint32_t older = table.map(7001, 2'000'000, kProven);
        CHECK(table.first_of_all() == answered.index());
        table.opener.end(answered.index());
        CHECK(table.first_of_all() == older);
    }
}

TEST_CASE("ranking: a block of ports is not ended for a flow", "[nat][blocks]") {
    WithMappings table;
    const HolderKeys keys = block_keys(host(1), 0, endpoint("198.51.100.1", 7000));
    const auto made = table.hands.holders.make(keys, {}, table.ground.now);
    REQUIRE(made.result == Holders::Made::Result::New);
    table.ground.now = table.ground.now + Duration::seconds(10);
    CHECK_FALSE(table.first_of_all());
}

TEST_CASE("ranking: of who holds a reply's key goes what waits, or serves nobody", "[nat]") {
    WithMappings table;
    const flow::FlowRef flow = table.open(5000, 1'000);
    CHECK(table.judge(flow.index()));
    CHECK_FALSE(table.judge(flow.index(), net::Direction::Original));
    table.ground.hosts->add_status(flow.index(), table.record(flow), conntrack::kSeenReply);
    CHECK_FALSE(table.judge(flow.index()));

    const uint32_t mapping = table.map(7000, 1'000);
    CHECK(table.judge(mapping));
    CHECK_FALSE(table.judge(mapping)->is_waiting);
    table.at(mapping).opened = table.ground.now;
    CHECK_FALSE(table.judge(mapping));
    table.at(mapping).opened = table.ground.now + Duration{-1};
    CHECK(table.judge(mapping));
    table.at(mapping).state.fetch_or(kOutlived);  // so that it rests
    CHECK_FALSE(table.judge(mapping));
}

}  // namespace ranking_test
