// SPDX-License-Identifier: BSD-3-Clause
#include "why/ipv6_text.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"

namespace ipv6_text_test {

using namespace sluice;
using namespace sluice::why;
using namespace sluice::test;

namespace {

Ipv6Packet packet_of(Upper upper, Bytes extensions = {}, uint8_t first_extension = 0) {
    const auto packet = read_ipv6(Frame6{.source = "fd00:1::10",
                                         .destination = "2001:db8:9::1",
                                         .upper = std::move(upper),
                                         .extensions = std::move(extensions),
                                         .first_extension = first_extension}
                                      .bytes());
    REQUIRE(packet);
    return *packet;
}

nat64::PrefixPair pair() {
    return *nat64::PrefixPair::of(prefix6("fd00:1::/48"), prefix6("2001:db8:f::/48"));
}

}  // namespace

TEST_CASE("ipv6 text: a packet is written with its ports, flags, type or identifier", "[why]") {
    CHECK(packet_text(packet_of(udp6(4000, 53))) == "udp [fd00:1::10]:4000 -> [2001:db8:9::1]:53");
    CHECK(packet_text(packet_of(tcp6(4000, 80, kSyn | kAck, 1, 1))) ==
          "tcp [fd00:1::10]:4000 -> [2001:db8:9::1]:80 [S.]");
    CHECK(packet_text(packet_of(icmp6(129, 0, 0x70001))) ==
          "icmpv6 fd00:1::10 -> 2001:db8:9::1 type 129 id 7");
    CHECK(packet_text(packet_of(icmp6(1, 4, 0))) == "icmpv6 fd00:1::10 -> 2001:db8:9::1 type 1");
    CHECK(packet_text(packet_of(udp6(4000, 53), fragment6(17, 0, true, 9), 44)) ==
          "udp [fd00:1::10]:4000 -> [2001:db8:9::1]:53, a fragment");
}

TEST_CASE("ipv6 text: a mapped packet is written as it would leave, with its pair of prefixes",
          "[why][nptv6]") {
    const Ipv6Packet packet = packet_of(udp6(4000, 53));
    Crossed crossed{.outward = pair()};
    crossed.way.headers = packet.headers;
    crossed.way.source = *pair().outward(packet.headers.source);
    crossed.way.destination = packet.headers.destination;
    const std::string mapped = net::to_string(crossed.way.source);
    CHECK(leaving_text(packet, crossed.way) == "[" + mapped + "]:4000 -> [2001:db8:9::1]:53");
    CHECK(crossing_lines(crossed) ==
          "prefixes: fd00:1::/48 -> 2001:db8:f::/48\nsource: fd00:1::10 -> " + mapped + "\n");
}

TEST_CASE("ipv6 text: who has sent nothing is told as that", "[why][nptv6]") {
    Crossed crossed{.inward = pair(), .is_unheard = true};
    crossed.way.headers.destination = v6("2001:db8:f:cf3a::10");
    crossed.way.destination = v6("fd00:1::10");
    const std::string lines = crossing_lines(crossed);
    CHECK(lines.find("destination: 2001:db8:f:cf3a::10 -> fd00:1::10\nhost: has sent nothing") !=
          std::string::npos);
    CHECK(lines.find("ipv6_new_hosts\n") != std::string::npos);
}

}  // namespace ipv6_text_test
