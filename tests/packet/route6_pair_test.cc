// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --sync with --route6: who stands by knows which host outside has which number at the other
/// gateway, goes on with the flows to these, and never with those to another.

#include "active_and_standby.h"
#include "bed_with_route6.h"
#include "catch.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace route6_pair_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using sync::Change;

namespace {

using BothRouted = BothOf<Route6Bed>;

constexpr auto kOtherWorld6 = "2001:db8:cafe::99";

/// 239 numbers, so that hosts outside meet in a bucket.
TestbedOptions few_numbers() {
    return route6_options({}, [](config::Config& config) {
        config.peers = {ip("198.19.0.0"), 24};
    });
}

Frame6 to(const std::string& world, Upper upper = udp6(5000, 53)) {
    return {.source = kHost6, .destination = world, .upper = std::move(upper)};
}

Frame6 from(const std::string& world, Upper upper = udp6(53, 5000)) {
    return {.source = world, .destination = kHost6, .upper = std::move(upper)};
}

bool leaves(Route6Bed& r6, const Frame6& frame) {
    return r6.send(Side::Inside, frame).size() == 1;
}

/// To the host inside, from whom it is.
bool comes_in(Route6Bed& r6, const Frame6& frame) {
    const auto in = r6.send(Side::Outside, frame);
    return in.size() == 1 && in[0].source == frame.source && in[0].destination == kHost6;
}

std::optional<Be32> number_of(Route6Bed& r6, const std::string& host) {
    return r6.bed.gateway().naming().source(v6(host));
}

/// Another host of that subnet outside that gets a number for which is_wanted(number) holds.
template <typename IsWanted>
std::string world_with(Route6Bed& r6, const std::string& subnet, IsWanted is_wanted) {
    for (unsigned i = 1000;; ++i) {
        REQUIRE(i < 2000);
        const std::string host = subnet + std::to_string(i);
        r6.send(Side::Inside, to(host, udp6(6000, 53)));
        if (const auto number = number_of(r6, host); number && is_wanted(*number))
            return host;
    }
}

constexpr auto kSubnet = "2001:db8:cafe:1::";
constexpr auto kOtherSubnet = "2001:db8:cafe:2::";

Change name(Be32 number, const std::string& host) {
    return {Change::What::Name, {}, {number, v6(host)}};
}

/// Steps back, as the other one forwards.
void step_back(Testbed& bed) {
    sync::Standing& standing = standing_of(bed);
    standing.wish.store(sync::Wish::Standby);
    standing.peer.store(sync::Peer::Active);
    for (int turn = 0; turn < 100 && !standing.is_ready.load(); ++turn)
        bed.run();
    REQUIRE(standing.is_ready.load());
}

}  // namespace

TEST_CASE("pair with route6: flows go on at the one that stood by, both ways", "[pair][route6]") {
    BothRouted both(route6_options({.workers = 2}));
    REQUIRE(leaves(both.active, to(kWorld6)));
    REQUIRE(both.tell());
    REQUIRE(leaves(both.active, to(kOtherWorld6)));
    REQUIRE(leaves(both.active, to(kWorld6, tcp6(40000, 80, kSyn, 1000, 0))));
    REQUIRE(comes_in(both.active, from(kWorld6, tcp6(80, 40000, kSyn | kAck, 7000, 1001))));
    REQUIRE(both.tell());
    CHECK(both.standby.bed.flows() == 3);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 0);
    for (const char* host : {kHost6, kWorld6, kOtherWorld6}) {
        CHECK(number_of(both.active, host));
        CHECK(number_of(both.standby, host) == number_of(both.active, host));
    }
    both.take_over();
    CHECK(comes_in(both.standby, from(kWorld6)));
    CHECK(comes_in(both.standby, from(kOtherWorld6)));
    CHECK_FALSE(comes_in(both.standby, from(kFarRouter6)));
    CHECK(leaves(both.standby, to(kOtherWorld6)));
    CHECK(leaves(both.standby, to(kWorld6, tcp6(40000, 80, kAck, 1001, 7001))));
    CHECK(comes_in(both.standby, from(kWorld6, tcp6(80, 40000, kAck, 7001, 1001))));
    CHECK(both.standby.bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("pair with route6: who takes over tells the routers outside, and who stands by nobody",
          "[pair][route6]") {
    BothRouted both(route6_options());
    Testbed& standby = both.standby.bed;
    CHECK_FALSE(leaves(both.standby, to(kWorld6)));
    CHECK_FALSE(number_of(both.standby, kWorld6));
    CHECK(standby.count(Count::Transmitted) == 0);
    both.take_over();
    standby.advance(Duration::seconds(1));
    bool has_own = false;
    for (const Bytes& frame : standby.take_frames(Side::Outside)) {
        if (!is_ipv6(frame))
            continue;
        const Seen6 seen = read6(frame);
        has_own |= seen.protocol == 58 && seen.transport.at(0) == 136 && seen.source == kWan6 &&
                   seen.source_mac == standby.port(Side::Outside).mac();
    }
    CHECK(has_own);
}

TEST_CASE("pair with route6: a number that goes to another host takes no flow along",
          "[pair][route6]") {
    BothRouted both(few_numbers());
    REQUIRE(leaves(both.active, to(kWorld6)));
    REQUIRE(leaves(both.active, to(kOtherWorld6)));
    REQUIRE(both.tell());
    REQUIRE(both.standby.bed.flows() == 2);
    const auto number = number_of(both.active, kWorld6);
    REQUIRE(number);
    SECTION("which has not had any") {
        const std::string next = world_with(both.active, kSubnet, [&](Be32 other) {
            return other.host() / 16 == number->host() / 16;
        });
        std::vector<Change> changes{name(*number, next)};
        both.put(changes);
        CHECK_FALSE(number_of(both.standby, kWorld6));
        CHECK(number_of(both.standby, next) == number);
        CHECK(both.standby.bed.flows() == 1);
        both.take_over();
        CHECK_FALSE(comes_in(both.standby, from(next)));
    }
    SECTION("which it has been taken from") {
        const Be32 other = Be32::from_host(number->host() ^ 1);
        std::vector<Change> changes{name(other, kWorld6)};
        both.put(changes);
        CHECK(number_of(both.standby, kWorld6) == other);
        both.take_over();
    }
    CHECK(both.standby.bed.count(Count::SyncRefused) == 0);
    CHECK_FALSE(comes_in(both.standby, from(kWorld6)));
}

TEST_CASE("pair with route6: numbers that go to others one by one take no flows along",
          "[pair][route6]") {
    BothRouted both(few_numbers());
    const std::vector<std::string> worlds{kWorld6, kOtherWorld6};
    for (const std::string& world : worlds)
        REQUIRE(leaves(both.active, to(world)));
    REQUIRE(both.tell());
    uint32_t left = 2;
    for (const std::string& world : worlds) {
        const auto number = number_of(both.active, world);
        REQUIRE(number);
        const std::string next =
            world_with(both.active, kOtherSubnet + std::to_string(left) + ':',
                       [&](Be32 other) { return other.host() / 16 == number->host() / 16; });
        std::vector<Change> changes{name(*number, next)};
        both.put(changes);
        CHECK(both.standby.bed.flows() == --left);
        CHECK(number_of(both.standby, next) == number);
    }
}

TEST_CASE("pair with route6: who has stepped back goes by the numbers of the other",
          "[pair][route6]") {
    BothRouted both(few_numbers());
    REQUIRE(leaves(both.active, to(kWorld6)));
    REQUIRE(both.tell());
    const std::string untold = world_with(both.active, kSubnet, [](Be32) { return true; });
    const auto number = number_of(both.active, untold);
    REQUIRE(number);
    step_back(both.active.bed);
    both.take_over();
    const std::string taker =
        world_with(both.standby, kOtherSubnet, [&](Be32 other) { return other == *number; });
    Wire back(both.standby.bed, both.active.bed);
    REQUIRE(back.tell());
    CHECK(both.active.bed.count(Count::SyncRefused) == 0);
    CHECK(both.active.bed.flows() == both.standby.bed.flows());
    CHECK(number_of(both.active, taker) == number);
    CHECK_FALSE(number_of(both.active, untold));
    standing_of(both.active.bed).wish.store(sync::Wish::Active);
    both.active.bed.run();
    CHECK(comes_in(both.active, from(kWorld6)));
    CHECK(comes_in(both.active, from(taker, udp6(53, 6000))));
    CHECK_FALSE(comes_in(both.active, from(untold, udp6(53, 6000))));
}

TEST_CASE("pair with route6: who stands by keeps the numbers of hosts outside that have flows",
          "[pair][route6]") {
    BothRouted both(few_numbers());
    REQUIRE(leaves(both.active, to(kWorld6)));
    REQUIRE(both.tell());
    const std::string other = world_with(both.active, kSubnet, [](Be32) { return true; });
    std::vector<Change> changes{name(number_of(both.active, other).value(), other)};
    both.put(changes);
    REQUIRE(number_of(both.standby, other));
    for (int minute = 0; minute < 33; ++minute)
        both.standby.bed.advance(Duration::seconds(60));
    CHECK(number_of(both.standby, kWorld6));
    CHECK_FALSE(number_of(both.standby, other));
    both.take_over();
    CHECK(comes_in(both.standby, from(kWorld6)));
}

TEST_CASE("pair with route6: what is told of a number outside that nobody has is refused",
          "[pair][route6]") {
    BothRouted both(few_numbers());
    REQUIRE(leaves(both.active, to(kWorld6)));
    const Be32 host = number_of(both.active, kHost6).value();
    const Be32 world = number_of(both.active, kWorld6).value();
    const flow::FlowRecord& flow = both.active.bed.only_flow();
    sync::Record record;
    record.tuple = flow.tuple;
    record.sides = net::Sides(flow.sides).bits();
    record.left = 30000;
    std::vector<Change> changes{
        {Change::What::Begin, {}}, name(host, kHost6), {Change::What::Put, record}};
    both.put(changes);
    CHECK(both.standby.bed.flows() == 0);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 1);
    const Be32 of_another_bucket = Be32::from_host(world.host() ^ 0x10);
    const Be32 of_routers = ip("198.19.0.1");
    changes = {name(of_another_bucket, kWorld6), name(of_routers, kWorld6), name(host, kWorld6)};
    both.put(changes);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 4);
    changes = {name(world, kWorld6), {Change::What::Put, record}};
    both.put(changes);
    CHECK(both.standby.bed.flows() == 1);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 4);
}

}  // namespace route6_pair_test
