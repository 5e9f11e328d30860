// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// How long a TCP flow lives on: the state's timeout, and the caps on it.

#include "catch.h"
#include "tcp_connection.h"

namespace tcp_timeout_test {

using namespace sluice;
using namespace sluice::conntrack;
using namespace sluice::test;

namespace {

constexpr Duration kEstablished = Duration::seconds(432000);
constexpr Duration kRetrans = Duration::seconds(250);
constexpr Duration kUnacked = Duration::seconds(200);

/// Established, with caps that can be told apart.
Connection established() {
    Tuning tuning;
    tuning.tcp_max_retrans_timeout = kRetrans;
    tuning.tcp_unacknowledged = kUnacked;
    return after(kHandshake + Segments{{kReply, kAck}}, tuning);
}

}  // namespace

TEST_CASE("tcp timeout: data that waits for its ACK caps, until it comes", "[conntrack][tcp]") {
    const auto direction = GENERATE(kOriginal, kReply);
    Connection tcp = established();
    CHECK(tcp.timeout == kEstablished);
    tcp.meet(direction, tcp.peers.send(direction, kAck, 100));
    CHECK(tcp.timeout == kUnacked);
    Segment part = tcp.next(opposite(direction), kAck);
    --part.ack;
    tcp.meet(opposite(direction), part);
    CHECK(tcp.timeout == kUnacked);
    tcp.meet(opposite(direction), kAck);
    CHECK(tcp.timeout == kEstablished);
}

TEST_CASE("tcp timeout: a closed window caps, until it opens", "[conntrack][tcp]") {
    Connection tcp = established();
    Segment closed = tcp.next(kReply, kAck);
    closed.window = 0;
    tcp.meet(kReply, closed);
    CHECK(tcp.timeout == kRetrans);
    tcp.reply(kAck);
    CHECK(tcp.timeout == kEstablished);
}

TEST_CASE("tcp timeout: an ACK sent again and again caps, until another comes",
          "[conntrack][tcp]") {
    Connection tcp = established();  // the last was the reply's
    tcp.reply(kAck);
    tcp.reply(kAck);
    CHECK(tcp.timeout == kEstablished);
    tcp.reply(kAck);
    CHECK(tcp.timeout == kRetrans);
    tcp.original(kAck);
    CHECK(tcp.timeout == kEstablished);
    tcp.reply(kAck);
    CHECK(tcp.timeout == kEstablished);
}

TEST_CASE("tcp timeout: of repeats, tcp_max_retrans is the first that caps", "[conntrack][tcp]") {
    const int most = GENERATE(1, 2, 5);
    Connection tcp = established();
    tcp.tuning.tcp_max_retrans = static_cast<uint8_t>(most);
    for (int repeat = 1; repeat < most; ++repeat) {
        tcp.reply(kAck);
        CHECK(tcp.timeout == kEstablished);
    }
    tcp.reply(kAck);
    CHECK(tcp.timeout == kRetrans);
}

TEST_CASE("tcp timeout: a segment that differs in one number is no repeat", "[conntrack][tcp]") {
    Connection tcp = established();
    tcp.tuning.tcp_max_retrans = 1;
    Segment other = tcp.next(kReply, kAck);
    SECTION("seq") {
        --other.seq;
    }
    SECTION("ack") {
        --other.ack;
    }
    SECTION("window") {
        ++other.window;
    }
    SECTION("length") {
        other.payload = 1;
    }
    tcp.meet(kReply, other);
    CHECK(tcp.timeout != kRetrans);
}

TEST_CASE("tcp timeout: repeats come before a RST, a RST before what waits for an ACK",
          "[conntrack][tcp]") {
    Connection tcp = established();
    const Segment data = tcp.peers.send(kReply, kAck, 10);
    tcp.meet(kReply, data);
    tcp.reply(kRst);
    CHECK(tcp.timeout == Duration::seconds(10));

    tcp = established();
    tcp.tuning.tcp[TcpState::Close] = Duration::seconds(400);
    for (int i = 0; i < 4; ++i)
        tcp.meet(kReply, data);
    CHECK(tcp.timeout == kRetrans);
    Segment rst = data;
    rst.tcp_flags = kRst;
    rst.seq += 10;
    rst.payload = 0;
    tcp.meet(kReply, rst);
    CHECK(tcp.flow.state == TcpState::Close);
    CHECK(tcp.timeout == kRetrans);
}

TEST_CASE("tcp timeout: no cap prolongs", "[conntrack][tcp]") {
    Connection tcp = established();
    tcp.meet(kReply, tcp.peers.send(kReply, kAck, 10));
    tcp.reply(kFinAck);
    CHECK(tcp.timeout == Duration::seconds(120));
}

}  // namespace tcp_timeout_test
