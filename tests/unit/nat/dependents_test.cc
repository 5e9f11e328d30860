// SPDX-License-Identifier: BSD-3-Clause
#include "nat/dependents.h"

#include "bench.h"
#include "catch.h"
#include "conntrack/status.h"

#include <algorithm>
#include <string>
#include <vector>

namespace dependents_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

namespace {

/// One address, whose ports are all for mappings of UDP.
struct Mapped {
    explicit Mapped(Filtering filtering) : ground({}, rule(filtering), 64), opener(ground) {}

    static RuleParams rule(Filtering filtering) {
        RuleParams params = rule_with(1, pool::kAllPorts);
        params.independence = Independence{{{net::Protocol::Udp}}, {1024, 65535}, filtering};
        return params;
    }
    /// To that many servers, one after the other.
    flow::FlowRef open(unsigned server) {
        const std::string address = "203.0.113." + std::to_string(10 + server);
        const Opening opening = opener.open(host(1), 5000, address.c_str());
        REQUIRE(opening.outcome == Opening::Outcome::Opened);
        return opening.flow;
    }
    uint32_t mapping() {
        const net::Endpoint inside{host(1), Be16::from_host(5000)};
        const auto found = find_holder(
            *ground.table, mapping_keys(net::Protocol::Udp, inside, {}).original, ground.now);
        REQUIRE(found);
        return *found;
    }
    std::vector<uint32_t> named(uint32_t holder) {
        const auto all = dependents_of(*ground.table, holder);
        if (!all)
            return {};
        std::vector<uint32_t> indexes(all->all().begin(), all->all().end());
        std::sort(indexes.begin(), indexes.end());
        return indexes;
    }
    bool is_waiting() { return nat::is_waiting(*ground.table, mapping()); }
    void answer(flow::FlowRef flow) {
        ground.hosts->add_status(flow.index(), ground.table->record(flow), conntrack::kSeenReply);
    }

    Ground ground;
    Opener opener;
};

std::vector<uint32_t> sorted(std::vector<uint32_t> indexes) {
    std::sort(indexes.begin(), indexes.end());
    return indexes;
}

}  // namespace

TEST_CASE("dependents: a mapping knows the flows that go by it, and those that come after them",
          "[nat][mapping]") {
    Mapped mapped(Filtering::EndpointDependent);
    std::vector<uint32_t> flows;
    for (unsigned server = 0; server < kMostNamed; ++server) {
        flows.push_back(mapped.open(server).index());
        CHECK(mapped.named(mapped.mapping()) == sorted(flows));
    }
    // In the place of one that has ended the next is named.
    mapped.opener.end(flows[3]);
    flows[3] = mapped.open(kMostNamed).index();
    CHECK(mapped.named(mapped.mapping()) == sorted(flows));
    CHECK(mapped.is_waiting());
    mapped.open(kMostNamed + 1);
    CHECK_FALSE(dependents_of(*mapped.ground.table, mapped.mapping()));
    CHECK_FALSE(mapped.is_waiting());
}

TEST_CASE("dependents: a mapping waits until one of its flows has been answered",
          "[nat][mapping]") {
    const auto filtering = GENERATE(Filtering::EndpointDependent, Filtering::AddressDependent);
    Mapped mapped(filtering);
    mapped.open(0);
    const flow::FlowRef flow = mapped.open(1);
    CHECK(mapped.is_waiting());
    mapped.answer(flow);
    CHECK_FALSE(mapped.is_waiting());
    mapped.opener.end(flow.index());
    CHECK(mapped.is_waiting());
}

TEST_CASE("dependents: what is written there is not gone by unless it hangs on the holder",
          "[nat][mapping]") {
    Mapped mapped(Filtering::EndpointDependent);
    const flow::FlowRef flow = mapped.open(0);
    const uint32_t mapping = mapped.mapping();
    const auto written = GENERATE(1U, 2U, 64U, 65U, 1'000'000U, ~0U);
    for (std::atomic<uint32_t>& name : Held::of(mapped.ground.table->record(mapping)).named)
        name = written;
    const bool is_it = written == flow.index() + 1;
    CHECK(mapped.named(mapping) ==
          (is_it ? std::vector<uint32_t>{flow.index()} : std::vector<uint32_t>{}));
    CHECK(mapped.is_waiting() == is_it);
}

TEST_CASE("dependents: a mapping by which somebody was answered names no more", "[nat][mapping]") {
    Mapped mapped(Filtering::EndpointDependent);
    const flow::FlowRef flow = mapped.open(0);
    mapped.ground.table->record(mapped.mapping()).state.fetch_or(kProven);
    mapped.open(1);
    const auto& names = Held::of(mapped.ground.table->record(mapped.mapping())).named;
    CHECK(names[0] == flow.index() + 1);
    CHECK(names[1] == 0);
}

TEST_CASE("dependents: what hangs on a block of ports is not named", "[nat][blocks]") {
    Ground ground({.blocks = {64, 2}}, rule_with(1, pool::kAllPorts), 64);
    Opener opener(ground);
    REQUIRE(opener.open(host(1), 5000).outcome == Opening::Outcome::Opened);
    const auto block = find_holder(*ground.table, block_keys(host(1), 0, {}).original, ground.now);
    REQUIRE(block);
    CHECK_FALSE(dependents_of(*ground.table, *block));
    CHECK_FALSE(nat::is_waiting(*ground.table, *block));
    for (const std::atomic<uint32_t>& name : Held::of(ground.table->record(*block)).named)
        CHECK(name == 0);
}

}  // namespace dependents_test
