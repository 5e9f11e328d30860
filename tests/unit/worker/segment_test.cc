// SPDX-License-Identifier: BSD-3-Clause
#include "worker/segment.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"

namespace segment_test {

using namespace sluice;
using namespace sluice::test;

namespace {

conntrack::Segment segment_in(Frame frame) {
    FakeMbuf mbuf(frame.ipv4("10.1.0.10", "203.0.113.10").bytes());
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    return worker::segment_of(packet, tuple);
}

}  // namespace

TEST_CASE("segment: TCP's numbers come in host order", "[worker][tcp]") {
    const conntrack::Segment segment = segment_in(
        Frame().tcp(40000, 80, kAck | kPsh).seq(0x01020304).ack(0xa1a2a3a4).window(0x1234));
    CHECK(segment.protocol == net::Protocol::Tcp);
    CHECK(segment.tcp_flags == (kAck | kPsh));
    CHECK(segment.seq == 0x01020304);
    CHECK(segment.ack == 0xa1a2a3a4);
    CHECK(segment.window == 0x1234);
    CHECK(segment.payload == 0);
    CHECK_FALSE(segment.options.are_present);
    CHECK(segment.options.sack_edge == 0xa1a2a3a4);
}

TEST_CASE("segment: the payload is what headers and padding are not", "[worker][tcp]") {
    CHECK(segment_in(Frame().tcp(40000, 80).payload(5)).payload == 5);
    CHECK(segment_in(Frame().tcp(40000, 80).payload(1400)).payload == 1400);
    CHECK(segment_in(Frame().tcp(40000, 80).padding(6)).payload == 0);
    const Bytes timestamp{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
    CHECK(segment_in(Frame().tcp(40000, 80).tcp_options(timestamp).payload(7)).payload == 7);
}

TEST_CASE("segment: a SYN's options are read", "[worker][tcp]") {
    const conntrack::Segment segment =
        segment_in(Frame().tcp(40000, 80, kSyn).tcp_options({3, 3, 7, 1, 4, 2, 1, 1}));
    CHECK(segment.options.window_scale_offered);
    CHECK(segment.options.window_scale == 7);
    CHECK(segment.options.sack_permitted);
}

TEST_CASE("segment: other protocols have no numbers", "[worker]") {
    const conntrack::Segment udp = segment_in(Frame().udp(5000, 53).payload(8));
    CHECK(udp.protocol == net::Protocol::Udp);
    CHECK(udp.seq == 0);
    const conntrack::Segment ping = segment_in(Frame().echo_request(7));
    CHECK(ping.protocol == net::Protocol::Icmp);
    CHECK(ping.icmp_type == 8);
}

}  // namespace segment_test
