// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is told of the packets of IPv6 hosts to whoever watches one of them.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "observe/frame.h"
#include "watch.h"

#include <algorithm>
#include <string>
#include <vector>

namespace nat64_watch_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using observe::PacketEntry;
using observe::Way;
using observe::Which;

namespace {

/// What has left, of what was told since the last time.
std::vector<PacketEntry> left(Watcher& watcher) {
    std::vector<PacketEntry> entries;
    for (const Told& told : watcher.take())
        if (told.entry.way == Way::Out)
            entries.push_back(told.entry);
    return entries;
}

}  // namespace

TEST_CASE("nat64 watch: the first answer to a host is told as it leaves, with its flow",
          "[packet][nat64][watch]") {
    Ipv6Bed ipv6;
    Watcher watcher(ipv6.bed, std::string(kHost6) + "/128", Which::Leaving);
    const auto out = ipv6.send(to_server(udp6(5000, 53)));
    REQUIRE(out.size() == 1);
    REQUIRE(left(watcher).size() == 1);
    REQUIRE(ipv6.answer_from_outside(server_reply(out[0].source_port)).size() == 1);
    REQUIRE(ipv6.solicited.size() == 1);  // it has waited for the host's MAC
    const auto told = left(watcher);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has_flow);
    CHECK(told[0].direction == net::Direction::Reply);
    CHECK(told[0].tuple.source == ip(kServer));
    CHECK(told[0].tuple.destination == told[0].flow[0].source);
    CHECK(told[0].tuple.destination_port.host() == 5000);
}

TEST_CASE("nat64 watch: pings to the gateway and their answers are their host's",
          "[packet][nat64][watch]") {
    Ipv6Bed ipv6;
    Watcher watcher(ipv6.bed, std::string(kHost6) + "/128", Which::Leaving);
    ipv6.send({.source = kHost6, .destination = kOwn6, .upper = icmp6(128, 0, 0x00070001)});
    REQUIRE(ipv6.take().size() == 1);
    CHECK(left(watcher).size() == 1);
}

TEST_CASE("nat64 watch: what goes to another host is not told", "[packet][nat64][watch]") {
    Ipv6Bed ipv6;
    Watcher watcher(ipv6.bed, std::string(kOther6) + "/128", Which::Both);
    const auto out = ipv6.send(to_server(udp6(5000, 53)));
    REQUIRE(out.size() == 1);
    REQUIRE(ipv6.answer_from_outside(server_reply(out[0].source_port)).size() == 1);
    CHECK(left(watcher).empty());
}

TEST_CASE("nat64 watch: what a host sends is told as it came, with its flow",
          "[packet][nat64][watch]") {
    Ipv6Bed ipv6;
    const bool is_short = GENERATE(true, false);  // a long one is more than a head that is kept
    const size_t bytes = is_short ? 10 : 600;
    const size_t snaplen = GENERATE(size_t{60}, size_t{300}, size_t{observe::kWholeFrame});
    observe::Wish wish{.snaplen = static_cast<uint32_t>(snaplen)};
    wish.filter.source6 = net::parse_ipv6_prefix(std::string(kHost6) + "/128");
    wish.filter.naming = ipv6.bed.gateway().naming();
    Watcher watcher(ipv6.bed, wish);
    Bytes payload(bytes);
    for (size_t i = 0; i < bytes; ++i)
        payload[i] = static_cast<uint8_t>(i % 251);
    Frame6 frame = to_server(udp6(5000, 53, payload));
    REQUIRE(ipv6.send(to_server(udp6(5001, 53), kOther6)).size() == 1);
    REQUIRE(ipv6.send(frame).size() == 1);
    frame.source_mac = mac_of6(frame.source);
    frame.destination_mac = ipv6.gateway_mac();
    Bytes came = frame.bytes();
    const Told told = watcher.only();
    CHECK(told.entry.length == came.size());
    came.resize(std::min(came.size(), snaplen));
    CHECK(told.frame == came);
    CHECK(told.entry.has_flow);
    CHECK(told.entry.is_new);
    CHECK(told.entry.has_tuple);
    CHECK(told.entry.tuple == told.entry.flow[0]);
    CHECK(told.entry.outcome == observe::Outcome::Sent);
}

TEST_CASE("nat64 watch: who is dropped behind the edge is told as it came, among others",
          "[packet][nat64][watch]") {
    Ipv6Bed ipv6;
    Watcher watcher(ipv6.bed, {.which = Which::Dropped});
    Frame6 frame = to_server(tcp6(4000, 80, kFin | kAck, 1, 1));
    const auto sent = [&ipv6](Frame6 each) {
        each.source_mac = mac_of6(each.source);
        each.destination_mac = ipv6.gateway_mac();
        return each.bytes();
    };
    // Before it in its burst one that ends at the edge, so that it moves up.
    ipv6.bed.inject(net::Side::Inside,
                    sent({.source = kHost6, .destination = "2001:db8:7::1", .upper = udp6(1, 2)}));
    ipv6.bed.inject(net::Side::Inside, sent(frame));
    ipv6.settle();
    const auto told = watcher.take();
    REQUIRE(told.size() == 2);
    CHECK(told[0].entry.reason == stats::Drop::Ipv6Destination);
    CHECK(told[1].entry.reason == stats::Drop::InvalidUntrackedFin);
    CHECK(told[1].frame == sent(frame));
    CHECK(told[1].entry.has_tuple);
    CHECK(observe::tcp_flags_of(told[1].frame) == uint8_t{kFin | kAck});
}

}  // namespace nat64_watch_test
