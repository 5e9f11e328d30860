// SPDX-License-Identifier: BSD-3-Clause
#include "why/replay.h"

#include "catch.h"
#include "packet_builder.h"

namespace replay_test {

using namespace sluice;
using namespace sluice::test;
using why::Replay;

namespace {

constexpr auto kHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";

/// A capture that is replayed while it is made.
struct Capture {
    Replay replay{conntrack::Tuning()};
    Tick now{1000};

    /// What is told, without the packet.
    std::string tell(Frame frame) {
        const std::string line = told_text(replay.tell(frame.bytes(), now));
        return line.substr(line.find(": ") + 2);
    }
    Frame out(uint8_t flags, uint32_t seq, uint32_t ack) {
        return Frame().ipv4(kHost, kServer).tcp(4000, 80, flags).seq(seq).ack(ack).window(1000);
    }
    Frame in(uint8_t flags, uint32_t seq, uint32_t ack) {
        return Frame().ipv4(kServer, kHost).tcp(80, 4000, flags).seq(seq).ack(ack).window(1000);
    }
};

}  // namespace

TEST_CASE("replay: a connection is judged as a whole", "[why]") {
    Capture capture;
    CHECK(capture.tell(capture.out(kSyn, 100, 0)) == "opens a flow, NONE -> SYN_SENT\n");
    CHECK(capture.tell(capture.in(kSyn | kAck, 500, 101)) == "reply, SYN_SENT -> SYN_RECV\n");
    CHECK(capture.tell(capture.out(kAck, 101, 501)) == "original, SYN_RECV -> ESTABLISHED\n");
    const std::string refused = capture.tell(capture.in(kAck, 90'000, 101));
    CHECK(refused.starts_with("dropped: invalid_window_above\n    seq 90000 to 90000 "));
    CHECK(refused.find("may send up to 1501)") != std::string::npos);
    CHECK(capture.tell(capture.out(kRst, 101, 0)) == "original, ESTABLISHED -> CLOSE\n");
    CHECK(capture.tell(capture.out(kFin | kAck, 101, 501)).starts_with("original, CLOSE"));
}

TEST_CASE("replay: a flow ends by the time of the capture", "[why]") {
    Capture capture;
    CHECK(capture.tell(capture.out(kSyn, 100, 0)) == "opens a flow, NONE -> SYN_SENT\n");
    capture.now = capture.now + Duration::seconds(121);
    CHECK(capture.tell(capture.in(kSyn | kAck, 500, 101)) ==
          "dropped: invalid_untracked_syn_ack\n");
    CHECK(capture.tell(capture.out(kFin | kAck, 101, 501)) == "dropped: invalid_untracked_fin\n");
}

TEST_CASE("replay: beyond so many flows a packet that would open one is told as not followed",
          "[why]") {
    Capture capture{.replay = Replay(conntrack::Tuning(), 2)};
    const auto udp = [](uint16_t port) { return Frame().ipv4(kHost, kServer).udp(port, 53); };
    CHECK(capture.tell(udp(1)) == "opens a flow\n");
    CHECK(capture.tell(udp(2)) == "opens a flow\n");
    CHECK(capture.tell(udp(3)) == "not followed: 2 flows live already\n");
    CHECK(capture.tell(udp(2)) == "original\n");
    capture.now = capture.now + Duration::seconds(200);  // both are over
    CHECK(capture.tell(udp(3)) == "opens a flow\n");
    CHECK(capture.tell(udp(4)) == "opens a flow\n");
    CHECK(capture.tell(udp(5)) == "not followed: 2 flows live already\n");
}

TEST_CASE("replay: questions without a state have answers, and errors their flow", "[why]") {
    Capture capture;
    CHECK(capture.tell(Frame().ipv4(kHost, kServer).udp(5, 53)) == "opens a flow\n");
    CHECK(capture.tell(Frame().ipv4(kServer, kHost).udp(53, 5)) == "reply\n");
    CHECK(capture.tell(Frame().ipv4(kHost, kServer).echo_request(7)) == "opens a flow\n");
    CHECK(capture.tell(Frame().ipv4(kServer, kHost).echo_reply(7)) == "reply\n");
    CHECK(capture.tell(Frame().ipv4(kServer, kHost).echo_reply(8)) ==
          "dropped: invalid_untracked_icmp\n");
    const auto about = [](uint16_t port) {
        return Frame()
            .ipv4("192.0.2.1", kHost)
            .icmp_error(3, 1, Frame().ipv4(kHost, kServer).udp(port, 53).ip_bytes());
    };
    CHECK(capture.tell(about(5)) == "about a flow\n");
    CHECK(capture.tell(about(6)) == "dropped: icmp_error_unknown\n");
}

TEST_CASE("replay: what is no sound packet is told as that", "[why]") {
    Capture capture;
    CHECK(told_text(capture.replay.tell(Bytes(9), capture.now)) ==
          "a frame that is no sound IPv4 packet: dropped: truncated\n");
}

}  // namespace replay_test
