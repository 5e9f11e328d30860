// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is told of the packets of IPv6 hosts to whoever watches one of them.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "watch.h"

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

}  // namespace nat64_watch_test
