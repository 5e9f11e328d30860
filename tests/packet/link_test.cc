// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "testbed.h"

namespace link_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

Frame request(size_t payload = 10) {
    return Frame().ipv4(kHost, kServer).udp(40000, 53).payload(payload);
}

/// The only packet that came out inside is this ICMP error of the gateway's.
void check_told(Testbed& bed, uint8_t type, uint8_t code) {
    const auto told = bed.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == "10.1.0.1");
    CHECK(told[0].icmp_type == type);
    CHECK(told[0].icmp_code == code);
    CHECK(told[0].checksums_ok());
}

}  // namespace

TEST_CASE("link: toward a dead one a packet opens no flow, and its sender is told", "[packet]") {
    Testbed bed;
    bed.port(Side::Outside).set_link(false);
    CHECK(bed.from_inside(request()).empty());
    check_told(bed, 3, 1);  // host unreachable
    CHECK(bed.dropped(Drop::LinkDown) >= 1);
    CHECK(bed.flows() == 0);

    bed.port(Side::Outside).set_link(true);
    CHECK(bed.from_inside(request()).size() == 1);
}

TEST_CASE("link: a flow outlives it, and nothing of before comes out afterwards", "[packet]") {
    const unsigned workers = GENERATE(1U, 2U);
    Testbed bed({.workers = workers});
    const auto out = bed.from_inside(request());
    REQUIRE(out.size() == 1);
    bed.port(Side::Outside).set_link(false);
    const uint64_t before = bed.dropped(Drop::LinkDown);
    CHECK(bed.from_inside(request()).empty());
    check_told(bed, 3, 1);
    CHECK(bed.dropped(Drop::LinkDown) == before + 1);
    bed.port(Side::Outside).set_link(true);
    bed.advance(Duration::seconds(1));
    CHECK(bed.take(Side::Outside).empty());
    const auto again = bed.from_inside(request());
    REQUIRE(again.size() == 1);
    CHECK(again[0].source_port == out[0].source_port);
}

TEST_CASE("link: what arrives outside for an inside host behind a dead one ends likewise",
          "[packet]") {
    Testbed bed;
    const auto out = bed.from_inside(request());
    REQUIRE(out.size() == 1);
    bed.port(Side::Inside).set_link(false);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port).payload(10))
              .empty());
    const auto told = bed.take(Side::Outside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == kPublic);
    CHECK(told[0].icmp_type == 3);
    CHECK(bed.dropped(Drop::LinkDown) >= 1);
}

TEST_CASE("link: an MTU that changes is followed, both ways", "[packet]") {
    Testbed bed;
    REQUIRE(bed.from_inside(request()).size() == 1);
    bed.port(Side::Outside).set_mtu(1000);
    CHECK(bed.from_inside(request(1200).dont_fragment()).empty());
    const auto told = bed.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].icmp_type == 3);
    CHECK(told[0].icmp_code == 4);
    CHECK(told[0].echo_sequence == 1000);
    CHECK(bed.from_inside(request(1200)).size() == 2);  // in fragments
    bed.port(Side::Outside).set_mtu(1500);
    CHECK(bed.from_inside(request(1200).dont_fragment()).size() == 1);
}

}  // namespace link_test
