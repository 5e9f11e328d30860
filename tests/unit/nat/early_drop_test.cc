// SPDX-License-Identifier: BSD-3-Clause
#include "nat/early_drop.h"

#include "bench.h"
#include "catch.h"
#include "conntrack/status.h"

#include <vector>

namespace early_drop_test {

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

TEST_CASE("early drop: what another worker has just opened, by a clock ahead, is not the oldest",
          "[nat]") {
    Ground ground({}, rule_with(1, pool::kAllPorts), 4);
    Opener opener(ground);
    EarlyDrop early_drop(*ground.table, *ground.hosts, opener.member, opener.counters);
    const flow::FlowRef ahead = opener.open(host(1), 5000).flow;
    const flow::FlowRef old = opener.open(host(1), 5001).flow;
    ground.table->record(ahead).opened = ground.now + Duration{1};
    ground.table->record(old).opened = ground.now + Duration{-1000};
    REQUIRE(early_drop.make_room(udp(host(2), 6000), hosts::kNoHost, false, ground.now));
    CHECK(ground.table->record(ahead).life.load().life() == flow::Life::Live);
    CHECK(ground.table->record(old).life.load().life() == flow::Life::Dying);
}

namespace {

/// A full table, in which each thing has its age.
struct Full {
    Full() : ground({}, rule_with(1, pool::kAllPorts), 4), opener(ground) {}

    flow::FlowRef open(uint32_t number, uint16_t port, Duration age) {
        const flow::FlowRef flow = opener.open(host(number), port).flow;
        REQUIRE(flow);
        record(flow).opened =
            Tick{ground.now.milliseconds - static_cast<uint32_t>(age.milliseconds)};
        return flow;
    }
    void answer(flow::FlowRef flow) {
        ground.hosts->add_status(flow.index(), record(flow), conntrack::kSeenReply);
    }
    flow::FlowRecord& record(flow::FlowRef flow) { return ground.table->record(flow); }
    bool lives(flow::FlowRef flow) { return record(flow).life.load().life() == flow::Life::Live; }
    bool make_room(hosts::HostIndex host = hosts::kNoHost, bool sparing = false) {
        return early_drop.make_room(udp(testing::host(9), 6000), host, sparing, ground.now);
    }

    Ground ground;
    Opener opener;
    EarlyDrop early_drop{*ground.table, *ground.hosts, opener.member, opener.counters};
};

}  // namespace

TEST_CASE("early drop: a host that has been answered waits four times as long as a stranger",
          "[nat]") {
    Full full;
    const flow::FlowRef answered = full.open(1, 5000, Duration{1'000'000});
    full.answer(answered);
    const flow::FlowRef waits = full.open(1, 5001, Duration{3000});
    const flow::FlowRef strange = full.open(2, 5000, Duration{1000});
    const bool is_longer = GENERATE(false, true);
    if (is_longer)
        full.record(waits).opened = Tick{full.ground.now.milliseconds - 5000};
    full.record(answered).opened = full.ground.now;
    REQUIRE(full.make_room());
    CHECK(full.lives(answered));
    CHECK(full.lives(waits) == !is_longer);
    CHECK(full.lives(strange) == is_longer);
}

TEST_CASE("early drop: what has been answered goes last, and assured not at all", "[nat]") {
    Full full;
    const flow::FlowRef answered = full.open(1, 5000, Duration{10'000});
    full.answer(answered);
    const flow::FlowRef strange = full.open(2, 5000, Duration{1000});
    const flow::FlowRef assured = full.open(3, 5000, Duration{100'000});
    full.ground.hosts->add_status(assured.index(), full.record(assured),
                                  conntrack::kSeenReply | conntrack::kAssured);
    REQUIRE(full.make_room());
    CHECK_FALSE(full.lives(strange));
    REQUIRE(full.make_room());
    CHECK_FALSE(full.lives(answered));
    CHECK_FALSE(full.make_room());
    CHECK(full.lives(assured));
}

TEST_CASE("early drop: a host with more than its share goes first, and spares nobody for itself",
          "[nat]") {
    Ground ground({}, rule_with(1, pool::kAllPorts), 64);
    Opener opener(ground);
    EarlyDrop early_drop(*ground.table, *ground.hosts, opener.member, opener.counters);
    const flow::FlowRef old = opener.open(host(2), 4000).flow;
    ground.table->record(old).opened = Tick{ground.now.milliseconds - kDay};
    std::vector<flow::FlowRef> flood;
    for (uint16_t port = 5000; port < 5010; ++port)
        flood.push_back(opener.open(host(1), port).flow);
    const hosts::HostIndex heavy = ground.hosts->host_of(flood[0].index());
    CHECK_FALSE(early_drop.make_room(udp(host(1), 6000), heavy, true, ground.now));
    unsigned ended = 0;
    for (unsigned i = 0; i < 64 && ended < 2; ++i)  // some are near any key's place
        ended += early_drop.make_room(udp(host(3), static_cast<uint16_t>(6000 + i)), hosts::kNoHost,
                                      false, ground.now);
    REQUIRE(ended == 2);
    CHECK(ground.table->record(old).life.load().life() == flow::Life::Live);
}

TEST_CASE("early drop: of who holds a server's ports the stalest goes that waits, or what is free",
          "[nat]") {
    Full full;
    const auto key = [&](flow::FlowRef flow) {
        return full.record(flow).key(net::Direction::Reply);
    };
    const auto free_one = [&](std::vector<net::Tuple> keys) {
        return full.early_drop.free_one(keys, hosts::kNoHost, {}, full.ground.now);
    };
    const flow::FlowRef answered = full.open(1, 5000, Duration{100'000});
    full.answer(answered);
    const flow::FlowRef waits = full.open(1, 5001, Duration{3000});
    const flow::FlowRef strange = full.open(2, 5002, Duration{1000});
    const net::Tuple of_strange = key(strange), of_waits = key(waits);
    net::Tuple unused = of_waits;
    unused.destination_port = Be16::from_host(9);
    CHECK(free_one({of_waits, unused, of_strange}) == unused);
    CHECK(free_one({key(answered), of_waits, of_strange}) == of_strange);
    CHECK_FALSE(full.lives(strange));
    CHECK(free_one({key(answered), of_waits}) == of_waits);
    CHECK_FALSE(free_one({key(answered)}));
    CHECK_FALSE(free_one({full.record(answered).key(net::Direction::Original)}));
    CHECK_FALSE(free_one({}));
    CHECK(full.opener.counters.count[stats::Count::EarlyDropped].read() == 2);
}

TEST_CASE("early drop: for a host above its share only flows of such hosts go", "[nat]") {
    Ground ground({}, rule_with(1, pool::kAllPorts), 64);
    Opener opener(ground);
    EarlyDrop early_drop(*ground.table, *ground.hosts, opener.member, opener.counters);
    std::vector<flow::FlowRef> flood;
    for (uint16_t port = 5000; port < 5010; ++port)
        flood.push_back(opener.open(host(1), port).flow);
    const hosts::HostIndex heavy = ground.hosts->host_of(flood[0].index());
    const std::vector<net::Tuple> of_other{opener.reply(opener.open(host(2), 4000))};
    const std::vector<net::Tuple> of_own{ground.table->record(flood[3]).key(net::Direction::Reply)};
    CHECK_FALSE(early_drop.free_one(of_other, heavy, {}, ground.now));
    CHECK(early_drop.free_one(of_own, heavy, {}, ground.now));
    CHECK(early_drop.free_one(of_other, hosts::kNoHost, {}, ground.now));
}

TEST_CASE("early drop: a flow past its deadline goes before all others, and as expired", "[nat]") {
    Full full;
    const flow::FlowRef stale = full.open(1, 5000, Duration{100'000});
    const flow::FlowRef past = full.open(2, 5000, Duration{1000});
    full.ground.hosts->add_status(past.index(), full.record(past),
                                  conntrack::kSeenReply | conntrack::kAssured);
    full.record(past).deadline = full.ground.now;
    REQUIRE(full.make_room());
    CHECK_FALSE(full.lives(past));
    CHECK(full.lives(stale));
    CHECK(full.opener.counters.count[stats::Count::FlowsExpired].read() == 1);
    CHECK(full.opener.counters.count[stats::Count::EarlyDropped].read() == 0);
    // One that has gone does not make room again.
    REQUIRE(full.make_room());
    CHECK_FALSE(full.lives(stale));
    CHECK(full.opener.counters.count[stats::Count::FlowsExpired].read() == 1);
}

TEST_CASE("early drop: while room is scarce none of a host's flows goes for another of its own",
          "[nat]") {
    Full full;
    const flow::FlowRef stale = full.open(1, 5000, Duration{100'000});
    const flow::FlowRef other = full.open(2, 5000, Duration{1000});
    CHECK_FALSE(full.make_room(full.ground.hosts->host_of(stale.index()), true));
    CHECK(full.lives(stale));
    CHECK(full.lives(other));
    CHECK(full.make_room(full.ground.hosts->host_of(other.index()), true));
    CHECK_FALSE(full.lives(stale));
}

TEST_CASE("early drop: a mapping goes with the flows that wait by it, or none of them does",
          "[nat][mapping]") {
    RuleParams mapped = rule_with(1, pool::kAllPorts);
    mapped.independence =
        Independence{{{net::Protocol::Udp}}, {1024, 65535}, Filtering::EndpointDependent};
    Ground ground({}, mapped, 64);
    Opener opener(ground);
    EarlyDrop early_drop(*ground.table, *ground.hosts, opener.member, opener.counters);
    const Opening one = opener.open(host(1), 5000);
    const Opening two = opener.open(host(1), 5000, kOtherServer);
    const net::Tuple reply = opener.reply(one);
    const std::vector<net::Tuple> keys{
        mapping_keys(net::Protocol::Udp, {}, {reply.destination, reply.destination_port}).reply};
    const bool is_answered = GENERATE(false, true);
    if (is_answered)
        ground.hosts->add_status(two.flow.index(), ground.table->record(two.flow),
                                 conntrack::kSeenReply);
    ground.now = ground.now + Duration::seconds(1);
    const auto lives = [&](flow::FlowRef flow) {
        return ground.table->record(flow).life.load().life() == flow::Life::Live;
    };
    CHECK(early_drop.free_one(keys, hosts::kNoHost, {}, ground.now).has_value() == !is_answered);
    CHECK(lives(one.flow) == is_answered);
    CHECK(lives(two.flow) == is_answered);
    CHECK(ground.table->find(keys[0], ground.now).operator bool() == is_answered);
    CHECK(opener.counters.count[stats::Count::EarlyDropped].read() == (is_answered ? 0 : 3));
}

}  // namespace early_drop_test
