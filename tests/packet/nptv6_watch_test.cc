// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is told of packets that stay IPv6, and of those that end at the edge, to whoever watches
/// an address of theirs.

#include "bed_with_nptv6.h"
#include "catch.h"
#include "gateway/interfaces.h"
#include "listing/packet_text.h"
#include "watch.h"

namespace nptv6_watch_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using observe::Outcome;
using observe::Way;
using observe::Which;
using stats::Drop;

TEST_CASE("nptv6 watch: a packet that ends at the edge is told as it came, with its reason",
          "[packet][nptv6][watch]") {
    struct Row {
        Side from;
        Frame6 frame;
        Drop reason;
    };
    const Row row = GENERATE(
        Row{Side::Inside,
            {.source = kHost6, .destination = kOther6, .upper = udp6(1, 2)},
            Drop::Ipv6Destination},
        Row{Side::Inside,
            {.source = kHost6, .destination = kWorld6, .upper = udp6(1, 2), .hop_limit = 1},
            Drop::TtlExceeded},
        Row{Side::Outside,
            {.source = kWorld6, .destination = kHost6, .upper = udp6(1, 2, Bytes(400, 3))},
            Drop::OutsideToInside});
    const Which which = GENERATE(Which::Coming, Which::Dropped);
    Nptv6Bed npt;
    Watcher watcher(npt.bed, "2001:db8:1::10/128", which);
    Watcher other(npt.bed, "2001:db8:1::99/128", which);
    const Bytes frame = npt.addressed(row.from, row.frame).bytes();
    npt.bed.inject(row.from, frame);
    npt.settle();
    REQUIRE(npt.bed.dropped(row.reason) == 1);
    const auto told = watcher.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].entry.outcome == Outcome::Dropped);
    CHECK(told[0].entry.reason == row.reason);
    CHECK(told[0].entry.way == Way::In);
    CHECK(told[0].frame == frame);
    const auto names = gateway::names_of(npt.bed.gateway().interfaces());
    REQUIRE(told[0].entry.from < names.size());
    CHECK(names[told[0].entry.from].name == (row.from == Side::Inside ? "lan-ipv6" : "wan-ipv6"));
    CHECK(other.take().empty());
}

TEST_CASE("nptv6 watch: a packet that crosses is told as it came, with its mapped address",
          "[packet][nptv6][watch]") {
    const bool is_outward = GENERATE(true, false);
    Nptv6Bed npt;
    npt.send(Side::Inside, to_world6(udp6(1, 2)));
    npt.send(Side::Outside, {.source = kWorld6, .destination = kMapped6, .upper = udp6(2, 1)});
    Watcher watcher(npt.bed, is_outward ? "2001:db8:1::10/128" : "2001:db8:f:fff1::10/128",
                    Which::Coming);
    const Side from = is_outward ? Side::Inside : Side::Outside;
    const Bytes frame = npt.addressed(from, {.source = is_outward ? kHost6 : kWorld6,
                                             .destination = is_outward ? kWorld6 : kMapped6,
                                             .upper = udp6(5000, 53)})
                            .bytes();
    npt.bed.inject(from, frame);
    npt.settle();
    const auto told = watcher.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].entry.outcome == Outcome::Sent);
    CHECK(told[0].frame == frame);
    CHECK(listing::packet_comment(told[0].entry, npt.bed.gateway().naming()) ==
          (is_outward ? "2001:db8:1::10 -> 2001:db8:f:fff1::10"
                      : "2001:db8:f:fff1::10 -> 2001:db8:1::10"));
    CHECK(told[0].entry.next_mac == mac_of6(is_outward ? kGateway6 : kHost6));
}

TEST_CASE("nptv6 watch: what waits for its host's MAC is told as that", "[packet][nptv6][watch]") {
    Nptv6Bed npt;
    npt.bed.silent = {kHost6};
    Watcher watcher(npt.bed, "2001:db8:f:fff1::10/128", Which::Coming);
    npt.send(Side::Outside, {.source = kWorld6, .destination = kMapped6, .upper = udp6(53, 5000)});
    const auto told = watcher.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].entry.outcome == Outcome::Waiting);
    CHECK(listing::packet_comment(told[0].entry, npt.bed.gateway().naming()) ==
          "2001:db8:f:fff1::10 -> 2001:db8:1::10, waits for the MAC of 2001:db8:1::10");
}

TEST_CASE("nptv6 watch: what leaves is told by its addresses there", "[packet][nptv6][watch]") {
    Nptv6Bed npt;
    Watcher watcher(npt.bed, "2001:db8:f::/48", Which::Leaving);
    npt.send(Side::Inside, to_world6(udp6(1, 2)));
    const auto told = watcher.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].entry.way == Way::Out);
    CHECK(net::to_string(told[0].entry.ipv6.source) == kMapped6);
}

TEST_CASE("nptv6 watch: a ping to the gateway outside is told as it came, and as answered",
          "[packet][nptv6][watch]") {
    Nptv6Bed npt;
    Watcher watcher(npt.bed, "2001:db8:ff::2/128", Which::Coming);
    const Bytes frame =
        npt.addressed(Side::Outside,
                      {.source = kWorld6, .destination = kWan6, .upper = icmp6(128, 0, 0x10007)})
            .bytes();
    npt.bed.inject(Side::Outside, frame);
    npt.settle();
    const auto told = watcher.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].entry.outcome == Outcome::Answered);
    CHECK(told[0].frame == frame);
}

TEST_CASE("nptv6 watch: who is nobody's frame without --nptv6 is told by its addresses",
          "[packet][nat64][watch]") {
    Ipv6Bed ipv6;
    Watcher watcher(ipv6.bed, "2001:db8:cafe::/48", Which::Dropped);
    ipv6.send({.source = kHost6, .destination = "2001:db8:cafe::10", .upper = udp6(5000, 53)});
    const auto told = watcher.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].entry.reason == Drop::Ipv6Destination);
}

}  // namespace nptv6_watch_test
