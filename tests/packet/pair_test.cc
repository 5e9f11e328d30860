// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --sync: a gateway that stands by has the flows of the one that forwards, and goes on with them.

#include "active_and_standby.h"
#include "before_and_after.h"
#include "catch.h"
#include "flow/age.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace pair_test {

using namespace sluice;
using namespace sluice::test;
using flow::Kind;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

int64_t steady_now() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE("pair: who stands by forwards nothing, answers nothing and says nothing", "[pair]") {
    Both both;
    Testbed& bed = both.standby;
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    CHECK(bed.from_inside(Frame().ipv4(kHost, "10.1.0.1").icmp(8, 0)).empty());
    CHECK(bed.dropped(Drop::Standby) == 2);
    bed.advance(Duration::seconds(70));
    CHECK(bed.count(Count::ArpSent) == 0);
    CHECK(bed.count(Count::Transmitted) == 0);
}

TEST_CASE("pair: flows go on at the one that stood by, by the same ports", "[pair]") {
    Both both({.workers = 2});
    const uint16_t first = send(both.active, kHost, 5000);
    const uint16_t second = send(both.active, "10.1.0.11", 5000);
    REQUIRE(first != second);
    REQUIRE(both.tell());
    const uint16_t third = send(both.active, "10.1.0.12", 5000);
    CHECK(answers(both.active, first, kHost, 5000));
    REQUIRE(both.tell());
    CHECK(both.standby.flows() == 3);
    CHECK(both.standby.count(Count::SyncRefused) == 0);
    both.take_over();
    CHECK(both.standby.count(Count::FlowsTakenOver) == 3);
    CHECK(answers(both.standby, first, kHost, 5000));
    CHECK(answers(both.standby, second, "10.1.0.11", 5000));
    CHECK(answers(both.standby, third, "10.1.0.12", 5000));
    CHECK(send(both.standby, kHost, 5000) == first);
    CHECK(both.standby.count(Count::FlowsOpened) == 0);
    CHECK(both.standby.count(Count::ArpSent) != 0);
}

TEST_CASE("pair: who stands by for months knows that a flow is old", "[pair]") {
    Both both;
    send(both.active, kHost, 5000);
    REQUIRE(both.tell());
    for (int i = 0; i < 2; ++i)
        both.standby.tick(Duration::seconds(20 * 24 * 3600));
    const Tick opened = flow::opened_at(both.standby.only_flow());
    CHECK(flow::age_ms(opened, both.standby.now()) ==
          static_cast<uint32_t>(flow::kOldest.milliseconds));
}

TEST_CASE("pair: a connection goes on, however far it has come since it was told", "[pair]") {
    Both both({.configure = [](config::Config& config) { config.tuning.tcp_loose = false; }});
    connect(both.active, 5000);
    REQUIRE(both.tell());
    both.take_over();
    constexpr uint32_t kFar = 3'000'000'000;
    SECTION("and the client speaks first") {
        CHECK(both.standby
                  .from_inside(
                      Frame().ipv4(kHost, kServer).tcp(5000, 80, kAck).seq(kFar).ack(kFar / 2))
                  .size() == 1);
    }
    SECTION("and the server speaks first, of what it has said before") {
        CHECK(both.standby
                  .from_outside(
                      Frame().ipv4(kServer, kPublic).tcp(80, 5000, kAck).seq(kFar / 2).ack(kFar))
                  .size() == 1);
        CHECK(both.standby
                  .from_inside(Frame()
                                   .ipv4(kHost, kServer)
                                   .tcp(5000, 80, kAck)
                                   .seq(kFar)
                                   .ack(kFar / 2 + 100'000))
                  .size() == 1);
    }
    CHECK(both.standby.count(Count::FlowsOpened) == 0);
}

TEST_CASE("pair: what ends at the one ends at the other", "[pair]") {
    Both both;
    send(both.active, kHost, 5000);
    REQUIRE(both.tell());
    REQUIRE(both.standby.flows() == 1);
    both.active.advance(Duration::seconds(40));
    REQUIRE(both.active.flows() == 0);
    REQUIRE(both.tell());
    CHECK(both.standby.flows() == 0);
    CHECK(both.standby.gateway().hosts().capacity() != 0);
}

TEST_CASE("pair: the clock of who stands by ends nothing", "[pair]") {
    Both both;
    const uint16_t external = send(both.active, kHost, 5000);
    REQUIRE(both.tell());
    both.standby.advance(Duration::seconds(600));
    REQUIRE(both.standby.flows() == 1);
    both.take_over();
    CHECK(answers(both.standby, external, kHost, 5000));
    both.standby.advance(Duration::seconds(300));
    CHECK(both.standby.flows() == 0);
}

TEST_CASE("pair: what is old has the time left that it had when it was told", "[pair]") {
    Both both(mapped(0));
    const uint16_t external = send(both.active, kHost, 5000);
    for (int seconds = 0; seconds < 4; ++seconds) {  // it becomes a stream
        both.active.advance(Duration::seconds(1));
        REQUIRE(answers(both.active, external, kHost, 5000));
        REQUIRE(send(both.active, kHost, 5000) == external);
    }
    REQUIRE(both.tell());
    // Nothing is told of what renews the stream and its mapping.
    SECTION("in steps, as turns come") {
        both.standby.advance(Duration::seconds(1200));
    }
    SECTION("in steps that are longer than a pass") {
        for (int i = 0; i < 20; ++i)
            both.standby.tick(Duration::seconds(60));
    }
    SECTION("and after weeks") {
        for (int i = 0; i < 4; ++i)
            both.standby.tick(Duration::seconds(20 * 24 * 3600));
    }
    both.take_over();
    both.standby.advance(Duration::seconds(110));  // of 120 of a stream
    CHECK(both.standby.flows() == 2);
    CHECK(answers(both.standby, external, kHost, 5000));
    CHECK(answers(both.standby, external, kHost, 5000, "203.0.113.77"));  // by the mapping
    CHECK(both.standby.dropped(Drop::NoMapping) == 0);
}

TEST_CASE("pair: mappings and blocks of ports come before what hangs on them", "[pair]") {
    Both both(mapped(GENERATE(uint16_t{0}, uint16_t{64})));
    const uint16_t external = send(both.active, kHost, 5000);
    REQUIRE(both.tell());
    CHECK(send(both.active, kHost, 5000, "203.0.113.99") == external);
    REQUIRE(both.tell());
    CHECK(both.standby.count(Count::SyncRefused) == 0);
    CHECK(both.standby.flows() == both.active.flows());
    both.take_over();
    CHECK(answers(both.standby, external, kHost, 5000));
    CHECK(answers(both.standby, external, kHost, 5000, "203.0.113.77"));
    CHECK(send(both.standby, kHost, 5000, "203.0.113.98") == external);
}

TEST_CASE("pair: what was not told again with all is gone", "[pair]") {
    Both both(mapped(64));
    send(both.active, kHost, 5000);
    send(both.active, "10.1.0.11", 5000);
    REQUIRE(both.tell());
    REQUIRE(both.standby.flows() == both.active.flows());
    using enum sync::Change::What;
    std::vector<sync::Change> nothing{{Begin, {}}, {Complete, {}}};
    both.put(nothing);
    CHECK(both.standby.flows() == 0);
}

TEST_CASE("pair: of two flows with a tuple the one that is told later stays", "[pair]") {
    Both both;
    send(both.active, kHost, 5000);
    REQUIRE(both.tell());
    sync::Record record;
    record.tuple = both.standby.only_flow().tuple;
    record.index = 700;
    record.left = 30000;
    std::vector<sync::Change> changes{{sync::Change::What::Put, record}};
    both.put(changes);
    CHECK(both.standby.flows() == 1);
    CHECK(both.standby.count(Count::SyncRefused) == 0);
    changes = {{sync::Change::What::End, record}};
    both.put(changes);
    CHECK(both.standby.flows() == 0);
}

TEST_CASE("pair: who steps back has no flows, and takes those of the other", "[pair]") {
    Both both(mapped(64));
    send(both.active, kHost, 5000);
    sync::Standing& standing = both.active.gateway().replica()->standing();
    standing.wish.store(sync::Wish::Standby);
    standing.peer.store(sync::Peer::Active);
    CHECK(standing.is_own_at(steady_now()));
    for (int turn = 0; turn < 100 && !standing.is_ready.load(); ++turn)
        both.active.run();
    REQUIRE(standing.is_ready.load());
    CHECK_FALSE(standing.is_own_at(steady_now()));  // so nobody is told of the ends
    CHECK(both.active.flows() == 0);
    CHECK(both.active.from_inside(Frame().ipv4(kHost, kServer).udp(5001, 53)).empty());
    const int64_t before = steady_now();
    standing.wish.store(sync::Wish::Active);
    both.active.run();
    send(both.active, kHost, 5002);
    CHECK(standing.is_own_at(steady_now()));
    CHECK_FALSE(standing.is_own_at(before - 1));
}

TEST_CASE("pair: who steps back keeps its flows until the other forwards", "[pair]") {
    Both both(mapped(64));
    send(both.active, kHost, 5000);
    sync::Standing& standing = both.active.gateway().replica()->standing();
    const uint32_t flows = both.active.flows();
    standing.wish.store(sync::Wish::Standby);
    for (int turn = 0; turn < 100; ++turn)
        both.active.run();
    CHECK_FALSE(standing.is_active.load());
    CHECK_FALSE(standing.is_ready.load());
    CHECK(both.active.flows() == flows);
    CHECK(both.active.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    standing.wish.store(sync::Wish::Active);
    both.active.run();
    CHECK(standing.is_active.load());
    send(both.active, kHost, 5000);
    CHECK(both.active.flows() == flows);
}

TEST_CASE("pair: who begins by standing by keeps flows that it finds until the other forwards",
          "[pair][restart]") {
    Estate estate;
    const auto [external, again] = leave_flow(estate, config::Role::Standby);
    Testbed bed(again);
    bed.run();
    sync::Standing& standing = bed.gateway().replica()->standing();
    CHECK(bed.flows() == 1);
    CHECK_FALSE(standing.is_ready.load());
    CHECK(standing.has_flows.load());
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    SECTION("and goes on with them when it is told to before that") {
        standing.peer.store(sync::Peer::Standby);
        standing.wish.store(sync::Wish::Active);
        bed.run();
        REQUIRE(standing.is_active.load());
        CHECK(answers(bed, external, kHost, 5000));
        CHECK(bed.count(Count::FlowsOpened) == 0);
        CHECK(bed.count(Count::ArpSent) != 0);
    }
    SECTION("for then that one has them too") {
        standing.peer.store(sync::Peer::Active);
        for (int turn = 0; turn < 100 && !standing.is_ready.load(); ++turn)
            bed.run();
        CHECK(standing.is_ready.load());
        CHECK_FALSE(standing.has_flows.load());
        CHECK(bed.flows() == 0);
    }
}

TEST_CASE("pair: who stands by has flows to go on with once it was told all", "[pair]") {
    Both both;
    sync::Standing& standing = both.standby.gateway().replica()->standing();
    CHECK_FALSE(standing.has_flows.load());
    send(both.active, kHost, 5000);
    standing.peer.store(sync::Peer::Standby);
    standing.peer_has_flows.store(true);
    CHECK(standing.lacks_flows());
    REQUIRE(both.tell());
    CHECK(standing.has_flows.load());
    CHECK_FALSE(standing.lacks_flows());
}

TEST_CASE("pair: who stays active says so again, when the other has been active too", "[pair]") {
    Both both;
    both.active.advance(Duration::seconds(10));
    const uint64_t before = both.active.count(Count::ArpSent);
    auto& peer = both.active.gateway().replica()->standing().peer;
    peer.store(sync::Peer::Active);
    both.active.run();
    CHECK(both.active.count(Count::ArpSent) == before);
    peer.store(sync::Peer::Standby);
    both.active.advance(Duration{100});
    CHECK(both.active.count(Count::ArpSent) >= before + 2);
    both.active.advance(Duration::seconds(10));  // until all is said
}

TEST_CASE("pair: records that no gateway has do no harm", "[pair]") {
    Both both(mapped(0));
    send(both.active, kHost, 5000);
    connect(both.active, 5001);
    REQUIRE(both.tell());
    const uint64_t seed = GENERATE(1, 2, 3);
    std::mt19937_64 random(seed);
    std::vector<sync::Change> changes;
    const auto damage = [&](sync::Record& record) {
        auto bytes = std::as_writable_bytes(std::span(&record, 1));
        for (uint64_t i = random() % 4; i != 0; --i)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    };
    std::vector<sync::Record> known;
    for (uint32_t index = 0; index < both.active.gateway().table().capacity(); ++index) {
        const flow::FlowRecord& own = both.active.gateway().table().record(index);
        if (own.life.load().life() != flow::Life::Live)
            continue;
        sync::Record record;
        record.tuple = own.tuple;
        record.index = index;
        record.generation = own.life.load().generation();
        record.holder = own.holder.see().index().value_or(0);
        record.state = own.state.load();
        record.status = own.status.load();
        std::copy(own.tracker.begin(), own.tracker.end(), record.tracker.begin());
        known.push_back(record);
    }
    REQUIRE_FALSE(known.empty());
    for (int i = 0; i < 20000; ++i) {
        sync::Change change{static_cast<sync::Change::What>(1 + random() % 2),
                            known[random() % known.size()]};
        change.record.index = static_cast<uint32_t>(random() % 1100);
        change.record.holder = static_cast<uint32_t>(random() % 1100);
        damage(change.record);
        changes.push_back(change);
    }
    both.put(changes);
    CHECK(both.standby.count(Count::SyncRefused) != 0);
    both.take_over();
    both.standby.advance(Duration::seconds(5));
}

}  // namespace pair_test
