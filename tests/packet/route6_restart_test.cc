// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --state with --route6: the next gateway knows the hosts of both sides, and no flow goes on to
/// another one.

#include "bed_with_route6.h"
#include "before_and_after.h"
#include "catch.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace route6_restart_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;

namespace {

Restarts<Route6Bed> restarts() {
    return Restarts<Route6Bed>([](TestbedOptions options, const auto& change) {
        return std::make_unique<Route6Bed>(route6_options(std::move(options), change));
    });
}

constexpr auto kOtherWorld6 = "2001:db8:cafe::99";

}  // namespace

TEST_CASE("restart of route6: flows go on in both directions, between their hosts",
          "[packet][route6][restart]") {
    auto life = restarts();
    REQUIRE(life.bed().send(Side::Inside, to_world6()).size() == 1);
    Frame6 to_other = to_world6();
    to_other.destination = kOtherWorld6;
    REQUIRE(life.bed().send(Side::Inside, to_other).size() == 1);
    REQUIRE(life.bed().send(Side::Inside, to_world6(tcp6(40000, 80, kSyn, 1000, 0))).size() == 1);
    REQUIRE(life.bed()
                .send(Side::Outside, from_world6(tcp6(80, 40000, kSyn | kAck, 7000, 1001)))
                .size() == 1);

    Route6Bed& next = life.restart();
    CHECK(next.bed.count(Count::FlowsAdopted) == 3);
    const auto in = next.send(Side::Outside, from_world6());
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kWorld6);
    CHECK(in[0].destination == kHost6);
    Frame6 from_other = from_world6();
    from_other.source = kOtherWorld6;
    REQUIRE(next.send(Side::Outside, from_other).size() == 1);
    CHECK(next.send(Side::Inside, to_world6(tcp6(40000, 80, kAck, 1001, 7001))).size() == 1);
    CHECK(next.send(Side::Inside, to_world6(tcp6(40000, 80, kAck, 900'000'000, 7001))).empty());
    CHECK(next.bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("restart of route6: without the host outside a flow ends, and reaches no other",
          "[packet][route6][restart]") {
    auto life = restarts();
    REQUIRE(life.bed().send(Side::Inside, to_world6()).size() == 1);
    const bool is_other_network = GENERATE(false, true);
    Route6Bed& next = is_other_network ? life.restart([](config::Config& config) {
        config.peers = {ip("198.19.128.0"), 20};
    })
                                       : life.restart({}, [](Estate& estate) {
                                             std::ranges::fill(estate.peers(), std::byte{});
                                         });
    CHECK(next.bed.count(Count::FlowsAdopted) == 0);
    CHECK(next.bed.flows() == 0);
    CHECK(next.send(Side::Outside, from_world6()).empty());
}

TEST_CASE("restart of route6: who is not named any more keeps no flow",
          "[packet][route6][restart]") {
    auto life = restarts();
    REQUIRE(life.bed().send(Side::Inside, to_world6()).size() == 1);
    Route6Bed& next = life.restart(
        [](config::Config& config) { config.route6 = {routed6("2001:db8:1:0:b::/80")}; });
    CHECK(next.bed.count(Count::FlowsAdopted) == 0);
    CHECK(next.send(Side::Outside, from_world6()).empty());
}

}  // namespace route6_restart_test
