// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Packets that have a flow's tuple, and are not the flow's.

#include "catch.h"
#include "testbed.h"

namespace admit_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

TEST_CASE("admit: what has a flow's tuple and comes from the other side is refused",
          "[packet][udp]") {
    const bool stands = GENERATE(false, true);
    Testbed bed({.workers = GENERATE(1u, 2u)});
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    for (int i = 0; stands && i < 2; ++i) {  // a stream, older than two seconds
        REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).size() == 1);
        bed.advance(Duration::seconds(3));
        REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    }
    const uint8_t status = bed.only_flow().status.load();

    CHECK(bed.from_outside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    CHECK(bed.take(Side::Outside).empty());
    CHECK(bed.dropped(Drop::OutsideSpoof) == 1);

    CHECK(bed.from_inside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).empty());
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.dropped(Drop::ForeignSource) == 1);
    CHECK(bed.only_flow().status.load() == status);
}

TEST_CASE("admit: a ping that looks like a flow's answer is a ping", "[packet][icmp]") {
    constexpr uint32_t kLooksLikeEcho = 0x0800;  // the identifier: type 8, code 0
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto ping = [](const char* from, const char* to) {
        return Frame().ipv4(from, to).icmp(8, 0, kLooksLikeEcho << 16 | 1);
    };
    REQUIRE(bed.from_inside(ping(kHost, kServer)).size() == 1);
    CHECK(bed.from_outside(ping(kServer, kPublic)).empty());
    const auto answers = bed.take(Side::Outside);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].icmp_type == 0);
    CHECK(answers[0].destination == kServer);
    CHECK(bed.count(Count::EchoReplies) == 1);
}

}  // namespace admit_test
