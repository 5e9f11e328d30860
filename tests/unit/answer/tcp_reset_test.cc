// SPDX-License-Identifier: BSD-3-Clause
#include "answer/tcp_reset.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "net/parse.h"
#include "packet_builder.h"
#include "packet_reader.h"

#include <optional>

namespace tcp_reset_test {

using namespace sluice;
using namespace sluice::answer;
using namespace sluice::test;

namespace {

/// A challenge, where one is given; else a RST.
Seen answer_to(Frame frame, std::optional<Challenge> challenge = {}) {
    FakeMbuf mbuf(frame.ipv4("10.1.0.10", "203.0.113.10").bytes());
    net::Packet packet;
    net::Tuple tuple;
    REQUIRE_FALSE(net::parse(mbuf, packet, tuple));
    Bytes out(kTcpAnswerBytes);
    if (challenge)
        write_tcp_challenge(out, packet, *challenge);
    else
        write_tcp_reset(out, packet);
    return read_ip(out);
}

}  // namespace

TEST_CASE("tcp reset: comes from the destination, back to the source", "[answer][tcp]") {
    const Seen seen = answer_to(Frame().tcp(40000, 80, kAck).tos(0xb8).ttl(3));
    CHECK(seen.checksums_ok());
    CHECK(seen.source == "203.0.113.10");
    CHECK(seen.destination == "10.1.0.10");
    CHECK(seen.source_port == 80);
    CHECK(seen.destination_port == 40000);
    CHECK(seen.ttl == 64);
    CHECK(seen.id == 0);
    CHECK(seen.dont_fragment);
    CHECK(seen.payload.empty());
}

TEST_CASE("tcp reset: stands where the segment's ACK expects it", "[answer][tcp][rfc9293]") {
    const int more = GENERATE(0, int{kPsh}, int{kSyn}, int{kFin});
    const int flags = kAck | more;
    const Seen seen = answer_to(
        Frame().tcp(40000, 80, static_cast<uint8_t>(flags)).seq(1000).ack(777000).payload(9));
    CHECK(seen.tcp_flags == kRst);
    CHECK(seen.seq == 777000);
    CHECK(seen.ack == 0);
}

TEST_CASE("tcp reset: acknowledges all of a segment that has no ACK", "[answer][tcp][rfc9293]") {
    const auto from = [](uint8_t flags, size_t payload) {
        return answer_to(Frame()
                             .tcp(40000, 80, flags)
                             .seq(0xfffffffe)
                             .payload(payload)
                             .tcp_options({1, 1, 1, 0}));
    };
    CHECK(from(kSyn, 0).tcp_flags == (kRst | kAck));
    CHECK(from(kSyn, 0).seq == 0);
    CHECK(from(kSyn, 0).ack == 0xffffffff);
    CHECK(from(kSyn | kFin, 0).ack == 0);
    CHECK(from(kFin, 5).ack == 4);
    CHECK(from(0, 5).ack == 3);
}

TEST_CASE("tcp challenge: an ACK of the destination, with the numbers that it is given",
          "[answer][tcp][rfc5961]") {
    const Seen seen = answer_to(Frame().tcp(40000, 80, kRst).seq(1000).tcp_options({1, 1, 1, 0}),
                                Challenge{0xfffffff0, 777000, 512});
    CHECK(seen.checksums_ok());
    CHECK(seen.source == "203.0.113.10");
    CHECK(seen.destination == "10.1.0.10");
    CHECK(seen.source_port == 80);
    CHECK(seen.destination_port == 40000);
    CHECK(seen.ttl == 64);
    CHECK(seen.id == 0);
    CHECK(seen.dont_fragment);
    CHECK(seen.tcp_flags == kAck);
    CHECK(seen.seq == 0xfffffff0);
    CHECK(seen.ack == 777000);
    CHECK(seen.window == 512);
    CHECK(seen.payload.empty());
}

}  // namespace tcp_reset_test
