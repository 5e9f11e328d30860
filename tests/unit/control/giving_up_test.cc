// SPDX-License-Identifier: BSD-3-Clause
#include "control/giving_up.h"

#include "catch.h"
#include "nat/holders.h"
#include "packet_builder.h"

#include <array>
#include <memory>
#include <utility>

namespace giving_up_test {

using namespace sluice;
using control::GivingUp;
using net::Protocol;
using sluice::test::ip;
using stats::Count;

namespace {

constexpr auto kServer = "203.0.113.10";
constexpr auto kFirst = "198.51.100.1";
constexpr auto kSecond = "198.51.100.2";

/// A cluster with two public addresses, of which this gateway holds the first.
struct Bed {
    Bed() {
        flow::FlowTableParams params;
        params.capacity = 1024;
        params.secret = {1, 2, 3, 4};
        table = std::move(flow::FlowTable::create(params).value());
        owner.emplace(*table);
        control.emplace(*table);
        giving_up.emplace(*table, *control, &holdings, counters);
        holdings.hold(0, true);
    }

    uint32_t open(const char* external, const char* server = kServer) {
        const Be16 port = Be16::from_host(++ports);
        const Be16 service = Be16::from_host(80);
        return insert({ip("10.1.0.10"), ip(server), port, service, Protocol::Udp},
                      {ip(server), ip(external), service, port, Protocol::Udp});
    }
    uint32_t open_inward(const char* external, const char* peer = kServer) {
        const Be16 port = Be16::from_host(++ports);
        const Be16 service = Be16::from_host(80);
        return insert({ip(peer), ip(external), port, service, Protocol::Udp},
                      {ip("10.1.0.10"), ip(peer), service, port, Protocol::Udp},
                      {net::Side::Outside, net::Side::Inside});
    }
    uint32_t insert(const net::Tuple& original, const net::Tuple& reply, net::Sides sides = {}) {
        std::array<uint32_t, 1> index{};
        REQUIRE(owner->take(index) == 1);
        flow::FlowRecord& record = table->record(index[0]);
        record.tuple = {original, reply};
        record.sides = sides;
        record.deadline = now + Duration::seconds(100);
        if (record.kind() != flow::Kind::Flow)
            record.holding().dependents = 0;
        REQUIRE(owner->insert(index[0], now).outcome == flow::InsertOutcome::Inserted);
        return index[0];
    }
    bool is_live(uint32_t index) const {
        return table->record(index).life.load().life() == flow::Life::Live;
    }
    void turn() {
        giving_up->turn();
        control->quiescent();
    }
    void finish() {
        for (int i = 0; i < 10; ++i) {
            turn();
            owner->quiescent();
        }
    }
    uint64_t ended() const { return counters.count[Count::FlowsGivenUp].read(); }

    Tick now{1000};
    uint16_t ports = 1000;
    pool::Holdings holdings{{ip(kFirst), ip(kSecond)}};
    std::unique_ptr<flow::FlowTable> table;
    std::optional<flow::Member> owner;
    std::optional<flow::Member> control;
    stats::Counters counters;
    std::optional<GivingUp> giving_up;
};

}  // namespace

TEST_CASE("giving up: what goes by an address that another has ends, either way", "[control]") {
    Bed bed;
    bed.holdings.hold(1, true);
    bed.finish();
    const uint32_t outward = bed.open(kSecond);
    const uint32_t inward = bed.open_inward(kSecond);
    const uint32_t other = bed.open(kFirst);
    const uint32_t plain = bed.open("192.0.2.1");  // none of the cluster's
    CHECK(bed.holdings.is_settled());
    bed.holdings.hold(1, false);
    bed.holdings.leave_to_other(1, true);
    bed.finish();
    CHECK_FALSE(bed.is_live(outward));
    CHECK_FALSE(bed.is_live(inward));
    CHECK(bed.is_live(other));
    CHECK(bed.is_live(plain));
    CHECK(bed.ended() == 2);
    CHECK(bed.holdings.is_settled());
}

TEST_CASE("giving up: while an address is nobody's its flows stay, and nothing is settled",
          "[control]") {
    Bed bed;
    const uint32_t flow = bed.open(kSecond);
    bed.finish();
    CHECK(bed.is_live(flow));
    CHECK_FALSE(bed.holdings.is_settled());
    bed.holdings.hold(1, true);
    bed.finish();
    CHECK(bed.is_live(flow));
    CHECK(bed.holdings.is_settled());
}

TEST_CASE("giving up: a flow with a host of another gateway stays, until its address comes here",
          "[control]") {
    Bed bed;
    bed.holdings.leave_to_other(1, true);
    const uint32_t outward = bed.open(kFirst, kSecond);
    const uint32_t inward = bed.open_inward(kFirst, kSecond);
    bed.finish();
    CHECK(bed.is_live(outward));
    CHECK(bed.is_live(inward));
    CHECK(bed.ended() == 0);
    bed.holdings.leave_to_other(1, false);
    bed.finish();
    CHECK(bed.is_live(outward));
    bed.holdings.hold(1, true);
    bed.finish();
    CHECK_FALSE(bed.is_live(outward));
    CHECK_FALSE(bed.is_live(inward));
    CHECK(bed.ended() == 2);
}

TEST_CASE("giving up: a mapping at such an address ends", "[control]") {
    Bed bed;
    const auto keys = nat::mapping_keys(Protocol::Udp, {ip("10.1.0.10"), Be16::from_host(5000)},
                                        {ip(kSecond), Be16::from_host(5000)});
    const uint32_t mapping = bed.insert(keys.original, keys.reply);
    bed.holdings.leave_to_other(1, true);
    bed.finish();
    CHECK_FALSE(bed.is_live(mapping));
    CHECK(bed.holdings.is_settled());
}

TEST_CASE("giving up: it waits until every worker knows", "[control]") {
    Bed bed;
    bed.holdings.leave_to_other(1, true);
    for (int i = 0; i < 10; ++i)
        bed.turn();
    const uint32_t late = bed.open(kSecond);  // by a worker that does not know yet
    for (int i = 0; i < 10; ++i)
        bed.turn();
    CHECK(bed.is_live(late));
    CHECK_FALSE(bed.holdings.is_settled());
    bed.finish();
    CHECK_FALSE(bed.is_live(late));
    CHECK(bed.holdings.is_settled());
}

TEST_CASE("giving up: what changes during a walk is walked for again", "[control]") {
    Bed bed;
    bed.holdings.hold(1, true);
    const uint32_t flow = bed.open(kSecond);
    bed.turn();  // the walk has begun
    bed.holdings.hold(1, false);
    bed.holdings.leave_to_other(1, true);
    CHECK_FALSE(bed.holdings.is_settled());
    bed.finish();
    CHECK_FALSE(bed.is_live(flow));
    CHECK(bed.holdings.is_settled());
}

TEST_CASE("giving up: without a cluster there is nothing to do", "[control]") {
    Bed bed;
    GivingUp giving_up(*bed.table, *bed.control, nullptr, bed.counters);
    CHECK(giving_up.turn() == 0);
}

}  // namespace giving_up_test
