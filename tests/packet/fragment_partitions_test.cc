// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Fragments of different senders: how one's own fare does not tell him what became of another's.

#include "catch.h"
#include "testbed.h"

#include <vector>

namespace fragment_partitions_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;

namespace {

constexpr auto kStranger = "203.0.113.66";
constexpr uint16_t kPings = 4200;  // more than there are places
constexpr size_t kPiece = 64;

/// Of a frame from the router.
std::vector<Bytes> pieces(Testbed& bed, Frame whole) {
    return fragments_of(whole.ether(mac_of(ip(kRouter)), bed.port(Side::Outside).mac()), kPiece);
}

void send(Testbed& bed, const Bytes& frame) {
    bed.inject(Side::Outside, frame);
    bed.run();
}

/// How many pings in pieces the gateway still knows, of a stranger who has filled it up with them,
/// behind two first pieces in the server's name: one to a port that may have a flow, one to a port
/// that has none.
unsigned pings_left(bool hits) {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).size() == 1);
    std::vector<std::vector<Bytes>> pings;
    for (uint16_t id = 1; id <= kPings; ++id) {
        Frame ping = Frame().ipv4(kStranger, kPublic).echo_request(7).id(id).payload(100);
        pings.push_back(pieces(bed, ping));
        REQUIRE(pings.back().size() == 2);
        send(bed, pings.back()[0]);
    }
    for (const uint16_t port : {uint16_t(hits ? 5000 : 5001), uint16_t{5002}}) {
        Frame forged = Frame().ipv4(kServer, kPublic).udp(53, port).id(port).payload(100);
        send(bed, pieces(bed, forged)[0]);
        CHECK(bed.take_frames(Side::Inside).size() == (port == 5000 ? 1 : 0));
    }
    bed.take_frames(Side::Outside);
    unsigned count = 0;
    for (auto ping = pings.rbegin(); ping != pings.rend(); ++ping, ++count) {
        send(bed, (*ping)[1]);
        if (bed.take_frames(Side::Outside).empty())
            break;
    }
    return count;
}

}  // namespace

TEST_CASE(
    "fragment partitions: what is left of a stranger's own does not say which flows others have",
    "[packet][fragment][saddns]") {
    const unsigned without = pings_left(false);
    CHECK(without >= 64);
    CHECK(pings_left(true) == without);
}

}  // namespace fragment_partitions_test
