// SPDX-License-Identifier: BSD-3-Clause
#include "why/ipv6_packet.h"

#include "catch.h"
#include "ipv6_frame.h"

namespace ipv6_packet_test {

using namespace sluice;
using namespace sluice::why;
using namespace sluice::test;

namespace {

Frame6 frame_with(Upper upper) {
    return {.source = "fd00:1::10", .destination = "2001:db8:9::1", .upper = std::move(upper)};
}

}  // namespace

TEST_CASE("ipv6 packet: ports, flags, types and identifiers are read", "[why][nptv6]") {
    const auto tcp = read_ipv6(frame_with(tcp6(4000, 80, kSyn, 1, 0)).bytes());
    REQUIRE(tcp);
    CHECK(net::to_string(tcp->headers.source) == "fd00:1::10");
    CHECK(tcp->source_port.host() == 4000);
    CHECK(tcp->destination_port.host() == 80);
    CHECK(tcp->tcp_flags == kSyn);
    CHECK(tcp->bytes() == 60);
    const auto echo = read_ipv6(frame_with(icmp6(128, 0, 0x70001)).bytes());
    REQUIRE(echo);
    CHECK(echo->icmp_type == 128);
    CHECK(echo->identifier.host() == 7);
}

TEST_CASE("ipv6 packet: of a later fragment, and of what is cut off, no transport is known",
          "[why][nptv6]") {
    Frame6 later = frame_with(udp6(4000, 53));
    later.is_later_fragment = true;
    later.fragment(40, false, 77);
    const auto packet = read_ipv6(later.bytes());
    REQUIRE(packet);
    CHECK_FALSE(packet->has_transport);
    CHECK_FALSE(packet->headers.is_whole());
    Bytes cut = frame_with(udp6(4000, 53)).bytes();
    cut.resize(14 + 40 + 3);
    REQUIRE(read_ipv6(cut));
    CHECK_FALSE(read_ipv6(cut)->has_transport);
}

TEST_CASE("ipv6 packet: what is no sound header is none", "[why][nptv6]") {
    Bytes frame = frame_with(udp6(4000, 53)).bytes();
    CHECK_FALSE(read_ipv6({}));
    CHECK_FALSE(read_ipv6(std::span(frame).first(14 + 39)));
    frame[14] = 0x45;
    CHECK_FALSE(read_ipv6(frame));
}

}  // namespace ipv6_packet_test
