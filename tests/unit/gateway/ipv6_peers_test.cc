// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/ipv6_peers.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

namespace ipv6_peers_test {

using namespace sluice;
using namespace sluice::gateway;
using test::v6;

namespace {

struct Fixture {
    std::unique_ptr<flow::FlowTable> table =
        std::move(flow::FlowTable::create({.capacity = 64, .pages = PageKind::Ordinary})).value();
    std::unique_ptr<Ipv6Peers> peers =
        std::move(Ipv6Peers::create(
                      {.plan = nat64::NumberPlan(*net::parse_prefix("198.19.0.0/24"))}, *table))
            .value();
    Tick now{1000};

    uint32_t count() { return peers->numbers().count(); }
    void pass(Duration duration) {
        for (const Tick end = now + duration; end.is_after(now);) {
            now = now + Duration::seconds(1);
            peers->turn(now);
        }
    }
    static Be32 address(uint32_t number) {
        return Be32::from_host(net::parse_prefix("198.19.0.0/24")->address.host() | number);
    }
    /// A record that lives, to that number.
    const flow::FlowRecord& stand(uint32_t number, flow::Life life, uint32_t index = 7) {
        flow::FlowRecord& record = table->record(index);
        record.tuple[0].destination = address(number);
        record.life.store(flow::LifeWord(record.life.load()).with(life));
        return record;
    }
};

}  // namespace

TEST_CASE("ipv6 peers: who is idle and has no flow loses the number", "[gateway][route6]") {
    Fixture f;
    REQUIRE(f.peers->numbers().find_or_add(v6("2001:db8::1"), f.now));
    f.pass(Duration::seconds(29 * 60));
    CHECK(f.count() == 1);
    f.pass(Duration::seconds(3 * 60));
    CHECK(f.count() == 0);
}

TEST_CASE("ipv6 peers: a flow keeps it, however silent", "[gateway][route6]") {
    Fixture f;
    const auto number = f.peers->numbers().find_or_add(v6("2001:db8::1"), f.now);
    REQUIRE(number);
    f.stand(*number, flow::Life::Live);
    f.pass(Duration::seconds(3 * 3600));
    CHECK(f.count() == 1);
    CHECK(f.peers->numbers().address(*number) == v6("2001:db8::1"));
    f.stand(*number, flow::Life::Free);
    f.pass(Duration::seconds(90));
    CHECK(f.count() == 0);
}

TEST_CASE("ipv6 peers: of flows that are taken over it is known at once with whom they are",
          "[gateway][route6]") {
    Fixture f;
    CHECK_FALSE(f.peers->may_have_flow(Fixture::address(77)));
    f.peers->note(f.stand(77, flow::Life::Live));
    CHECK(f.peers->may_have_flow(Fixture::address(77)));
    CHECK_FALSE(f.peers->may_have_flow(Fixture::address(78)));
    f.pass(Duration::seconds(100));
    f.peers->note(f.stand(78, flow::Life::Live, 8));  // the walk that goes on has passed it by
    for (int second = 0; second < 40; ++second) {
        f.pass(Duration::seconds(1));
        CHECK(f.peers->may_have_flow(Fixture::address(77)));
        CHECK(f.peers->may_have_flow(Fixture::address(78)));
    }
}

TEST_CASE("ipv6 peers: those whose flows have ended are forgotten by a walk, or by one at once",
          "[gateway][route6]") {
    Fixture f;
    f.peers->note(f.stand(77, flow::Life::Live));
    f.peers->note(f.stand(78, flow::Life::Live, 8));
    f.stand(77, flow::Life::Free);
    CHECK(f.peers->may_have_flow(Fixture::address(77)));
    const bool is_at_once = GENERATE(false, true);
    if (is_at_once) {
        unsigned slices = 1;
        while (!f.peers->recount(10, f.now))
            ++slices;
        CHECK(slices == 7);  // of 64 records
    } else {
        f.pass(Duration::seconds(60));
    }
    CHECK_FALSE(f.peers->may_have_flow(Fixture::address(77)));
    CHECK(f.peers->may_have_flow(Fixture::address(78)));
    f.pass(Duration::seconds(60));
    CHECK(f.peers->may_have_flow(Fixture::address(78)));
}

TEST_CASE("ipv6 peers: a walk at once sees what the one that goes on has passed by",
          "[gateway][route6]") {
    Fixture f;
    f.peers->note(f.stand(77, flow::Life::Live));
    f.pass(Duration::seconds(10));
    REQUIRE_FALSE(f.peers->recount(10, f.now));
    f.pass(Duration::seconds(50));  // which ends it
    f.stand(77, flow::Life::Free);
    CHECK(f.peers->recount(10, f.now));
    CHECK(f.peers->may_have_flow(Fixture::address(77)));  // by that walk; so another is wanted
    while (!f.peers->recount(10, f.now)) {
    }
    CHECK_FALSE(f.peers->may_have_flow(Fixture::address(77)));
}

}  // namespace ipv6_peers_test
