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
}

TEST_CASE("ranking: what outside hosts have open both ways stays", "[nat]") {
    Table table;
    const flow::FlowRef assured = table.open_inward(5001, 3'000, kDoor);
    table.ground.hosts->add_status(assured.index(), table.record(assured),
                                   conntrack::kSeenReply | conntrack::kAssured);
    CHECK_FALSE(table.first(kDoor));
}

}  // namespace ranking_test
