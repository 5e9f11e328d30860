// SPDX-License-Identifier: BSD-3-Clause
#include "nat/early_drop.h"

#include "bench.h"
#include "catch.h"

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

namespace {

constexpr uint32_t kDay = 24U * 3600 * 1000;

}  // namespace

TEST_CASE("early drop: of one host's flows the oldest goes, however old it is", "[nat]") {
    // A flow that nobody answers lives as long as its host sends.
    const uint32_t days = GENERATE(1U, 20U, 26U, 40U);
    CAPTURE(days);
    Ground ground({}, rule_with(1, pool::kAllPorts), 4);
    Opener opener(ground);
    EarlyDrop early_drop(*ground.table, *ground.hosts, opener.member, opener.counters);
    const flow::FlowRef young = opener.open(host(1), 5000).flow;
    const flow::FlowRef old = opener.open(host(1), 5001).flow;
    const flow::FlowRef middle = opener.open(host(1), 5002).flow;
    const auto record = [&](flow::FlowRef flow) -> flow::FlowRecord& {
        return ground.table->record(flow);
    };
    record(old).opened = Tick{ground.now.milliseconds - days * kDay};
    record(middle).opened = Tick{ground.now.milliseconds - kDay / 2};
    REQUIRE(early_drop.make_room(udp(host(2), 6000), hosts::kNoHost, false, ground.now));
    CHECK(record(old).life.load().life() == flow::Life::Dying);
    CHECK(record(middle).life.load().life() == flow::Life::Live);
    CHECK(record(young).life.load().life() == flow::Life::Live);
    CHECK(opener.counters.count[stats::Count::EarlyDropped].read() == 1);
}
