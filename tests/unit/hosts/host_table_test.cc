// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/host_table.h"

#include "catch.h"
#include "conntrack/status.h"
#include "flow/flow_table.h"
#include "packet_builder.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace host_table_test {

using namespace sluice;
using namespace sluice::hosts;
using sluice::test::ip;

namespace {

constexpr Tick kStart{5'000};
constexpr Duration kTwoPasses{2 * kReclaimPass.milliseconds};
constexpr net::Sides kInward{net::Side::Outside, net::Side::Inside};

/// A host table beside a flow table, for its grace periods, and a clock that the test moves.
struct Table {
    explicit Table(uint32_t capacity) : hosts(make(capacity)), flows(make_flows(*hosts)) {}

    static std::unique_ptr<HostTable> make(uint32_t capacity) {
        return std::move(
            HostTable::create({.capacity = capacity, .flows = 16, .secret = 7}).value());
    }
    static std::unique_ptr<flow::FlowTable> make_flows(HostTable& hosts) {
        flow::FlowTableParams params;
        params.capacity = 16;
        params.ending = &hosts;
        return std::move(flow::FlowTable::create(params).value());
    }

    Counted admit(const std::string& address, const Limits& limits = {}) {
        return hosts->admit(ip(address), limits, now);
    }
    std::vector<Host> all() const {
        std::vector<Host> result;
        hosts->for_each(0, hosts->capacity(), now, [&](const Host& h) { result.push_back(h); });
        return result;
    }
    Host only() const {
        REQUIRE(all().size() == 1);
        return all()[0];
    }
    void pass(Duration time) {
        for (const Tick end = now + time; end.is_after(now);) {
            now = now + Duration{100};
            hosts->turn(now, flows->grace());
            member.quiescent();
        }
    }

    std::unique_ptr<HostTable> hosts;
    std::unique_ptr<flow::FlowTable> flows;
    flow::Member member{*flows};
    Tick now = kStart;
};

/// A flow in one of the flow table's records.
struct Record : flow::FlowRecord {
    Record(HostTable& hosts, uint32_t flow, HostIndex host) : flow::FlowRecord{}, flow(flow) {
        hosts.set_host(flow, host);
    }
    uint32_t flow;
};

}  // namespace

TEST_CASE("host table: a flow is counted from its admission to its end", "[hosts]") {
    Table table(8);
    const Counted first = table.admit("10.1.0.10");
    const Counted second = table.admit("10.1.0.10");
    REQUIRE(first.answer == Answer::Admitted);
    REQUIRE(first.host != kNoHost);
    CHECK(second.host == first.host);
    CHECK(table.only().address == ip("10.1.0.10"));
    CHECK(table.only().flows == 2);
    CHECK(table.only().half_open == 2);

    table.hosts->withdraw(first.host);
    CHECK(table.only().flows == 1);
    CHECK(table.only().half_open == 1);
    Record record(*table.hosts, 1, second.host);
    table.hosts->ended(record.flow, record);
    CHECK(table.all().empty());
    CHECK(table.hosts->half_open(second.host) == 0);
}

TEST_CASE("host table: a flow leaves the half-open ones once, answered, assured or ended",
          "[hosts]") {
    Table table(8);
    const HostIndex host = table.admit("10.1.0.10").host;
    table.admit("10.1.0.10");
    Record record(*table.hosts, 2, host);
    table.hosts->add_status(record.flow, record, conntrack::kSeenReply);
    CHECK(table.hosts->half_open(host) == 1);
    table.hosts->add_status(record.flow, record, conntrack::kSeenReply | conntrack::kAssured);
    CHECK(table.hosts->half_open(host) == 1);
    table.hosts->add_status(record.flow, record, conntrack::kSeenReply | conntrack::kAssured);
    table.hosts->ended(record.flow, record);
    CHECK(table.hosts->half_open(host) == 1);
    CHECK(table.only().flows == 1);
}

TEST_CASE("host table: what is assured cannot be condemned, and what is condemned not assured",
          "[hosts]") {
    Table table(8);
    const HostIndex host = table.admit("10.1.0.10").host;
    table.admit("10.1.0.10");
    Record assured(*table.hosts, 3, host);
    table.hosts->add_status(assured.flow, assured, conntrack::kAssured);
    CHECK_FALSE(table.hosts->condemn(assured.flow, assured, conntrack::kAssured));
    CHECK(assured.status.load() == conntrack::kAssured);
    CHECK(table.hosts->half_open(host) == 1);

    Record condemned(*table.hosts, 4, host);
    CHECK(table.hosts->condemn(condemned.flow, condemned, conntrack::kAssured));
    CHECK(table.hosts->half_open(host) == 0);
    table.hosts->add_status(condemned.flow, condemned, conntrack::kAssured);
    table.hosts->ended(condemned.flow, condemned);
    CHECK(table.hosts->half_open(host) == 0);
    CHECK(table.only().flows == 1);
}

TEST_CASE("host table: what is no flow counts for its host, and is not half-open", "[hosts]") {
    Table table(8);
    const Limits two{.flows = 2};
    const net::InsideAddress host{ip("10.1.0.10")};
    const Counted mapping = table.hosts->enter(host, two, table.now);
    REQUIRE(mapping.answer == Answer::Admitted);
    CHECK(table.admit("10.1.0.10", two).answer == Answer::Admitted);
    CHECK(table.only().flows == 2);
    CHECK(table.only().half_open == 1);
    CHECK(table.hosts->enter(host, two, table.now).answer == Answer::TooManyFlows);
    CHECK(table.admit("10.1.0.10", two).answer == Answer::TooManyFlows);
    CHECK(table.only().refused == 2);

    Record record(*table.hosts, 3, mapping.host);
    record.tuple[0].kind = static_cast<uint8_t>(flow::Kind::Mapping);
    table.hosts->ended(record.flow, record);
    CHECK(table.only().flows == 1);
    CHECK(table.only().half_open == 1);
    record.tuple[0].kind = static_cast<uint8_t>(flow::Kind::Block);
    table.hosts->ended(record.flow, record);  // nobody's
    CHECK(table.only().flows == 1);
}

TEST_CASE("host table: that a host has been answered is known until its entry ends", "[hosts]") {
    Table table(8);
    const HostIndex host = table.admit("10.1.0.10").host;
    CHECK_FALSE(table.hosts->standing_of(host).is_answered);
    CHECK_FALSE(table.hosts->standing_of(kNoHost).is_answered);
    Record record(*table.hosts, 2, host);
    table.hosts->add_status(record.flow, record, conntrack::kSeenReply);
    CHECK(table.hosts->standing_of(host).is_answered);
    CHECK(table.only().flows == 1);
    table.hosts->ended(record.flow, record);
    CHECK(table.admit("10.1.0.10").host == host);
    CHECK(table.hosts->standing_of(host).is_answered);
    table.hosts->withdraw(host);
    table.pass(kTwoPasses);
    CHECK_FALSE(table.hosts->standing_of(table.admit("10.1.0.10").host).is_answered);
}

TEST_CASE("host table: what others open to a host is not half-open of its own", "[hosts]") {
    Table table(8);
    const HostIndex host = table.admit("10.1.0.10").host;
    for (int i = 0; i < 5; ++i)
        table.hosts->admit_freely(ip("10.1.0.10"), kInward, table.now);
    CHECK(table.hosts->half_open(host) == 6);
    CHECK(table.hosts->standing_of(host).half_open == 1);
    CHECK(table.hosts->standing_of(kNoHost).half_open == 0);
}

TEST_CASE("host table: the limit of flows holds, and ends as flows end", "[hosts]") {
    Table table(8);
    const Limits limits{3, 0};
    HostIndex host = kNoHost;
    for (int i = 0; i < 3; ++i)
        host = table.admit("10.1.0.10", limits).host;
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::TooManyFlows);
    CHECK(table.admit("10.1.0.11", limits).answer == Answer::Admitted);
    table.hosts->withdraw(host);
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    for (const Host& one : table.all())
        CHECK(one.refused == (one.address == ip("10.1.0.10") ? 1 : 0));
}

TEST_CASE("host table: a flow that stands counts as its status says", "[hosts]") {
    Table table(8);
    for (const uint8_t status : {uint8_t{0}, uint8_t{conntrack::kAssured}})
        table.hosts->admit_freely(ip("10.1.0.10"), net::Sides{}, table.now, status);
    const HostIndex host = table.only().index;
    CHECK(table.only().flows == 2);
    CHECK(table.only().half_open == 1);
    CHECK_FALSE(table.hosts->standing_of(host).is_answered);
    table.hosts->admit_freely(ip("10.1.0.10"), net::Sides{}, table.now, conntrack::kSeenReply);
    CHECK(table.hosts->standing_of(host).half_open == 1);
    CHECK(table.hosts->standing_of(host).is_answered);
    CHECK(table.admit("10.1.0.10", {0, 1}).answer == Answer::Admitted);  // none is in the rate
}

TEST_CASE("host table: what is opened to a host from outside counts, but not toward its limits",
          "[hosts]") {
    Table table(8);
    const Limits limits{2, 2};
    HostIndex host = kNoHost;
    for (int i = 0; i < 10; ++i)
        host = table.hosts->admit_freely(ip("10.1.0.10"), kInward, table.now).host;
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    CHECK(table.admit("10.1.0.10", {2, 0}).answer == Answer::TooManyFlows);
    CHECK(table.only().flows == 12);
    CHECK(table.only().half_open == 12);

    Record inward(*table.hosts, 1, host);
    inward.sides = kInward;
    table.hosts->ended(inward.flow, inward);
    for (int i = 0; i < 9; ++i)
        table.hosts->withdraw(host, inward.sides);
    CHECK(table.only().flows == 2);
    CHECK(table.admit("10.1.0.10", {2, 0}).answer == Answer::TooManyFlows);
    table.hosts->withdraw(host);
    CHECK(table.admit("10.1.0.10", {2, 0}).answer == Answer::Admitted);
}

TEST_CASE("host table: the limit of a second holds in that second alone", "[hosts]") {
    Table table(8);
    const Limits limits{0, 5};
    for (int i = 0; i < 5; ++i)
        REQUIRE(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    table.now = table.now + Duration{999};
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::TooFast);
    CHECK(table.only().flows == 5);
    table.now = table.now + Duration{1};
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    CHECK(table.only().rate == 5);  // of the last whole second
    table.now = table.now + Duration::seconds(2);
    CHECK(table.only().rate == 0);
}

TEST_CASE("host table: a full one admits without counting", "[hosts]") {
    Table table(2);
    CHECK(table.admit("10.1.0.10").host != kNoHost);
    CHECK(table.admit("10.1.0.11").host != kNoHost);
    const Counted admitted = table.admit("10.1.0.12", {1, 1});
    CHECK(admitted.answer == Answer::Admitted);
    CHECK(admitted.host == kNoHost);
    CHECK(table.hosts->half_open(kNoHost) == 0);
    table.hosts->withdraw(kNoHost);
    Record record(*table.hosts, 5, kNoHost);
    table.hosts->ended(record.flow, record);
    CHECK(table.all().size() == 2);
}

TEST_CASE("host table: the entry of a host without flows is used again", "[hosts]") {
    Table table(4);
    table.hosts->turn(table.now, table.flows->grace());
    const HostIndex stays = table.admit("10.1.0.2").host;
    for (int round = 0; round < 50; ++round) {
        for (int n = 0; n < 3; ++n) {
            const HostIndex host =
                table.admit("10.2." + std::to_string(round) + '.' + std::to_string(n)).host;
            REQUIRE(host != kNoHost);
            REQUIRE(host != stays);
            table.hosts->withdraw(host);
        }
        table.pass(kTwoPasses);
    }
    CHECK(table.admit("10.1.0.2").host == stays);
    CHECK(table.only().flows == 2);
}

TEST_CASE("host table: a host that has just opened flows keeps its entry", "[hosts]") {
    Table table(1);
    table.now = table.now + Duration{500};
    table.hosts->turn(table.now, table.flows->grace());
    table.pass(Duration{3'900});
    CHECK_FALSE(table.hosts->flow_count(ip("10.1.0.2")));
    const HostIndex host = table.admit("10.1.0.2", {0, 1}).host;
    CHECK(table.hosts->flow_count(ip("10.1.0.2")) == 1);
    table.hosts->withdraw(host);
    CHECK(table.hosts->flow_count(ip("10.1.0.2")) == 0);
    table.pass(Duration{200});
    CHECK(table.admit("10.1.0.2", {0, 1}).answer == Answer::TooFast);
}

TEST_CASE("host table: hosts in one chain come and go by themselves", "[hosts]") {
    Table table(64);
    table.hosts->turn(table.now, table.flows->grace());
    std::vector<HostIndex> host(64);
    const auto address = [](size_t n) { return "10.3.0." + std::to_string(n); };
    for (size_t n = 0; n < host.size(); ++n)
        host[n] = table.admit(address(n)).host;
    for (size_t n = 0; n < host.size(); n += 2)
        table.hosts->withdraw(host[n]);
    table.pass(kTwoPasses);
    for (size_t n = 1; n < host.size(); n += 2)
        CHECK(table.admit(address(n)).host == host[n]);
    for (size_t n = 0; n < host.size(); n += 2)
        CHECK(table.admit("10.4.0." + std::to_string(n)).host != kNoHost);
    CHECK(table.admit("10.5.0.1").host == kNoHost);
}

TEST_CASE("host table: its size follows the inside, the flows and a bound", "[hosts]") {
    CHECK(hosts::capacity_for(256, 1 << 18) == 256);
    CHECK(hosts::capacity_for(uint64_t{1} << 32, 1000) == 1000);
    CHECK(hosts::capacity_for(uint64_t{1} << 24, 1 << 23) == kMostHosts);
    CHECK_FALSE(HostTable::create({.capacity = kMostHosts + 1}));
    CHECK_FALSE(HostTable::create({.capacity = 0}));
}

TEST_CASE("host table: the same address in two zones is two hosts, with limits of their own",
          "[hosts][zones]") {
    Table table(8);
    const net::InsideAddress here(ip("10.1.0.10"));
    const net::InsideAddress there(ip("10.1.0.10"), 4095);
    const Limits limits{.flows = 1};
    const Counted first = table.hosts->admit(here, limits, table.now);
    const Counted second = table.hosts->admit(there, limits, table.now);
    CHECK(first.host != second.host);
    CHECK(second.answer == Answer::Admitted);
    CHECK(table.hosts->admit(there, limits, table.now).answer == Answer::TooManyFlows);
    CHECK(table.hosts->admit(there, {}, table.now).host == second.host);

    auto all = table.all();
    REQUIRE(all.size() == 2);
    std::ranges::sort(all, {}, &Host::zone);
    CHECK(all[0].zone == 0);
    CHECK(all[0].flows == 1);
    CHECK(all[1].zone == 4095);
    CHECK(all[1].flows == 2);
    CHECK(all[1].refused == 1);
}

TEST_CASE("host table: an entry out of the middle of a chain leaves the others their zones",
          "[hosts][zones]") {
    Table many(64);  // so few heads that many chains have more than one entry
    std::vector<HostIndex> host(40);
    for (uint16_t zone = 0; zone < host.size(); ++zone)
        host[zone] = many.hosts->admit({ip("10.1.0.10"), zone}, {}, many.now).host;
    for (uint16_t zone = 0; zone < host.size(); zone += 2)
        many.hosts->withdraw(host[zone]);
    many.pass(kTwoPasses);
    for (uint16_t zone = 1; zone < host.size(); zone += 2)
        CHECK(many.hosts->admit({ip("10.1.0.10"), zone}, {}, many.now).host == host[zone]);
    CHECK(many.all().size() == host.size() / 2);
}

TEST_CASE("host table: a host that keeps a flow for 49 days is not as fast as it was then",
          "[hosts]") {
    constexpr uint32_t kTurn = 60'000;
    Table table(8);
    const Limits limits{0, 2};
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::TooFast);
    const Tick start = table.now;
    for (uint64_t passed = 0; passed < (uint64_t{1} << 32) - kTurn; passed += kTurn) {
        table.now = table.now + Duration{kTurn};
        table.hosts->turn(table.now, table.flows->grace());
    }
    table.now = start;  // the same tick
    CHECK(table.only().flows == 2);
    CHECK(table.admit("10.1.0.10", limits).answer == Answer::Admitted);
}

}  // namespace host_table_test
