// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --sync with --role active: a gateway that starts as the one that forwards, beside one that may
/// have the flows of the process before it.

#include "active_and_standby.h"
#include "before_and_after.h"
#include "catch.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pair_start_test {

using namespace sluice;
using namespace sluice::test;
using stats::Count;
using stats::Drop;

TEST_CASE("pair start: who finds flows forwards at once", "[pair][restart]") {
    Estate estate;
    const auto [external, again] = leave_flow(estate, config::Role::Active);
    Testbed bed(again);
    CHECK(standing_of(bed).is_active.load());
    CHECK(answers(bed, external, kHost, 5000));
    CHECK(bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("pair start: who has no flows takes back those of the peer before it forwards",
          "[pair]") {
    const TestbedOptions options = mapped(GENERATE(uint16_t{0}, uint16_t{64}));
    Both both(options);
    const uint16_t external = send(both.active, kHost, 5000);
    const uint16_t second = send(both.active, "10.1.0.11", 5000);
    REQUIRE(both.tell());
    const uint32_t flows = both.standby.flows();

    TestbedOptions another = role(options, config::Role::Active);
    another.secret = 3;
    Testbed again(another);
    sync::Standing& standing = standing_of(again);
    again.run();
    CHECK_FALSE(standing.is_active.load());
    CHECK_FALSE(standing.has_flows.load());
    CHECK(standing.is_ready.load());
    standing.peer_has_flows.store(true);
    standing.peer.store(sync::Peer::Standby);
    CHECK(again.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    Wire back(both.standby, again);
    REQUIRE(back.tell());
    CHECK(standing.is_active.load());
    CHECK_FALSE(standing.takes_back());
    CHECK(again.count(Count::FlowsTakenOver) == flows);
    CHECK(answers(again, external, kHost, 5000));
    CHECK(send(again, "10.1.0.11", 5000) == second);
    CHECK(again.count(Count::FlowsOpened) == 0);

    // The peer has kept its copy, and finds it again in what the new process tells by its indexes.
    CHECK(both.standby.flows() == flows);
    std::vector<sync::Change> changes{{sync::Change::What::Other, {}}};
    both.put(changes);
    CHECK(both.standby.flows() == flows);
    const uint16_t third = send(again, "10.1.0.12", 5000);
    Wire forth(again, both.standby);
    REQUIRE(forth.tell());
    CHECK(both.standby.flows() == again.flows());
    CHECK(both.standby.count(Count::SyncRefused) == 0);
    both.take_over();
    CHECK(answers(both.standby, external, kHost, 5000));
    CHECK(send(both.standby, "10.1.0.11", 5000) == second);
    CHECK(send(both.standby, "10.1.0.12", 5000) == third);
    CHECK(both.standby.count(Count::FlowsOpened) == 0);
}

TEST_CASE("pair start: where the other one is active it stands by", "[pair]") {
    Testbed bed(role({}, config::Role::Active));
    sync::Standing& standing = standing_of(bed);
    standing.peer_has_flows.store(true);
    standing.peer.store(sync::Peer::Active);
    bed.run();
    bed.advance(Duration::seconds(10));
    CHECK_FALSE(standing.is_active.load());
    CHECK_FALSE(standing.wants_active());
    CHECK(standing.is_ready.load());
    CHECK(bed.count(Count::Transmitted) == 0);
    standing.wish.store(sync::Wish::Active);  // an operator's word holds
    bed.run();
    CHECK(standing.is_active.load());
}

TEST_CASE("pair start: an operator's word ends the wait", "[pair]") {
    TestbedOptions options = role({}, config::Role::Active);
    Testbed bed(options);
    sync::Standing& standing = standing_of(bed);
    REQUIRE_FALSE(standing.is_active.load());
    standing.wish.store(sync::Wish::Active);
    bed.run();
    CHECK(standing.is_active.load());
    CHECK(standing.has_flows.load());
    send(bed, kHost, 5000);
}

TEST_CASE("pair start: where nobody answers it forwards", "[pair]") {
    TestbedOptions options = role({}, config::Role::Active);
    Testbed bed(options);
    bed.run();
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::Standby) == 1);
    bed.advance(Duration{static_cast<int32_t>(sync::kSilence.count()) + 100});
    CHECK(standing_of(bed).is_active.load());
    send(bed, kHost, 5000);
}

TEST_CASE("pair start: a process that has other flows than the copy leaves none of these",
          "[pair]") {
    const TestbedOptions options = mapped(GENERATE(uint16_t{0}, uint16_t{64}));
    Both both(options);
    for (const char* host : {kHost, "10.1.0.11", "10.1.0.12"})
        send(both.active, host, 5000);
    REQUIRE(both.tell());

    TestbedOptions another = role(options, config::Role::Active);
    another.secret = 3;
    Testbed again(another);
    meet_nobody(again);
    std::vector<std::pair<const char*, uint16_t>> told;
    for (const char* host : {"10.1.0.12", "10.1.0.13", kHost})
        told.emplace_back(host, send(again, host, 5000));
    std::vector<sync::Change> changes{{sync::Change::What::Other, {}}};
    both.put(changes);
    Wire forth(again, both.standby);
    REQUIRE(forth.tell());
    CHECK(both.standby.flows() == again.flows());
    CHECK(both.standby.count(Count::SyncRefused) == 0);
    both.take_over();
    for (const auto& [host, port] : told)
        CHECK(send(both.standby, host, 5000) == port);
    CHECK(both.standby.count(Count::FlowsOpened) == 0);
}

TEST_CASE("pair start: what is opened again without its mapping leaves no mapping behind",
          "[pair]") {
    Both both(mapped(0));
    const uint16_t external = send(both.active, kHost, 5000);
    REQUIRE(both.tell());
    REQUIRE(both.standby.flows() == 2);

    // By rules without mappings the same flow has the same port, and hangs on nothing.
    TestbedOptions another = role({}, config::Role::Active);
    another.secret = 3;
    Testbed again(another);
    meet_nobody(again);
    REQUIRE(send(again, kHost, 5000) == external);
    std::vector<sync::Change> changes{{sync::Change::What::Other, {}}};
    both.put(changes);
    Wire forth(again, both.standby);
    REQUIRE(forth.tell());
    CHECK(both.standby.flows() == 1);
    CHECK(both.standby.only_flow().kind() == flow::Kind::Flow);
    CHECK(both.standby.count(Count::SyncRefused) == 0);
    both.take_over();
    CHECK(answers(both.standby, external, kHost, 5000));
    CHECK_FALSE(answers(both.standby, external, kHost, 5000, "203.0.113.77"));
}

TEST_CASE("pair start: a claim of its addresses while the peer is away may be the peer's",
          "[pair][arp]") {
    Testbed bed(role({}, config::Role::Active));
    meet_nobody(bed);
    sync::Standing& standing = standing_of(bed);
    const auto claim = [&] {
        bed.notices.clear();
        bed.advance(Duration::seconds(11));  // what it says of conflicts is at least ten apart
        bed.inject(net::Side::Outside, arp_request(mac(0x55), ip(kPublic), ip(kPublic)));
        bed.run();
        return !bed.notices.empty() &&
               bed.notices.back().ends_with("is away, and may be active too");
    };
    CHECK_FALSE(claim());  // it is there, and stands by
    standing.peer.store(sync::Peer::Away);
    CHECK(claim());
    const int64_t now = flow::steady_now();
    CHECK(standing.suspects_peer(now));
    CHECK_FALSE(standing.suspects_peer(now + sync::kClaimCounts.count()));
    standing.peer.store(sync::Peer::Standby);
    CHECK_FALSE(standing.suspects_peer(now));
}

}  // namespace pair_start_test
