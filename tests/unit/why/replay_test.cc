// SPDX-License-Identifier: BSD-3-Clause
#include "why/replay.h"

#include "catch.h"
#include "ipv6_frame.h"
#include "packet_builder.h"

#include <utility>

namespace replay_test {

using namespace sluice;
using namespace sluice::test;
using why::Replay;

namespace {

constexpr auto kHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";
constexpr auto kHost6 = "2001:db8:1::10";
constexpr auto kServer6 = "2001:db8:cafe::10";

/// A capture that is replayed while it is made.
struct Capture {
    Replay replay{conntrack::Tuning()};
    Tick now{1000};

    /// What is told, without the packet.
    std::string tell(Frame frame) { return verdict(frame.bytes()); }
    std::string tell(const Frame6& frame) { return verdict(frame.bytes()); }
    std::string verdict(const Bytes& frame) {
        const std::string line = told_text(replay.tell(frame, now));
        return line.substr(line.find(": ") + 2);
    }
    Frame out(uint8_t flags, uint32_t seq, uint32_t ack) {
        return Frame().ipv4(kHost, kServer).tcp(4000, 80, flags).seq(seq).ack(ack).window(1000);
    }
    Frame in(uint8_t flags, uint32_t seq, uint32_t ack) {
        return Frame().ipv4(kServer, kHost).tcp(80, 4000, flags).seq(seq).ack(ack).window(1000);
    }
};

Frame6 out6(Upper upper) {
    return {.source = kHost6, .destination = kServer6, .upper = std::move(upper)};
}

Frame6 in6(Upper upper) {
    return {.source = kServer6, .destination = kHost6, .upper = std::move(upper)};
}

/// A router's, about what the host has sent.
Frame6 about6(uint8_t type, const Frame6& sent) {
    Upper error = icmp6(type, 0, 0, sent.ip_bytes());
    return {.source = "2001:db8:beef::1", .destination = kHost6, .upper = std::move(error)};
}

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

TEST_CASE("replay: a connection between IPv6 hosts is judged as one of IPv4", "[why]") {
    Capture capture;
    CHECK(told_text(capture.replay.tell(out6(tcp6(4000, 80, kSyn, 100, 0)).bytes(), capture.now)) ==
          "tcp [2001:db8:1::10]:4000 -> [2001:db8:cafe::10]:80 [S]: opens a flow, NONE -> "
          "SYN_SENT\n");
    CHECK(capture.tell(in6(tcp6(80, 4000, kSyn | kAck, 500, 101))) ==
          "reply, SYN_SENT -> SYN_RECV\n");
    CHECK(capture.tell(out6(tcp6(4000, 80, kAck, 101, 501))) ==
          "original, SYN_RECV -> ESTABLISHED\n");
    CHECK(capture.tell(in6(tcp6(80, 4000, kAck, 501, 101, Bytes(10, 7)))) ==
          "reply, ESTABLISHED -> ESTABLISHED\n");
    const std::string refused = capture.tell(in6(tcp6(80, 4000, kAck, 900'000, 101)));
    CHECK(
        refused.starts_with("dropped: invalid_window_above\n    seq 900000 to 900000 (has sent "
                            "up to 511, "));
    CHECK(capture.tell(out6(tcp6(4000, 80, kRst, 101, 0))) == "original, ESTABLISHED -> CLOSE\n");
}

TEST_CASE("replay: IPv6 flows are told apart by whole addresses, and from those of IPv4", "[why]") {
    Capture capture;
    Frame6 frame = out6(udp6(5, 53));
    CHECK(capture.tell(frame) == "opens a flow\n");
    for (const char* other : {"2001:db8:1::11", "2001:db8:2::10"}) {
        frame.source = other;
        CHECK(capture.tell(frame) == "opens a flow\n");
        CHECK(capture.tell(frame) == "original\n");
    }
    Frame6 answer = in6(udp6(53, 5));
    CHECK(capture.tell(answer) == "reply\n");
    answer.source = "2001:db8:cafe::11";
    CHECK(capture.tell(answer) == "opens a flow\n");
    CHECK(capture.tell(Frame().ipv4("0.0.0.0", "0.0.0.0").udp(5, 53)) == "opens a flow\n");
}

TEST_CASE("replay: pings between IPv6 hosts, and errors about what they have sent", "[why]") {
    Capture capture;
    const Frame6 ping = out6(icmp6(128, 0, 0x70001));
    CHECK(capture.tell(ping) == "opens a flow\n");
    CHECK(capture.tell(in6(icmp6(129, 0, 0x70001))) == "reply\n");
    CHECK(capture.tell(in6(icmp6(129, 0, 0x80001))) == "dropped: invalid_untracked_icmp\n");
    CHECK(capture.tell(about6(3, ping)) == "about a flow\n");
    CHECK(capture.tell(about6(3, out6(icmp6(128, 0, 0x80001)))) == "dropped: icmp_error_unknown\n");
    CHECK(capture.tell(out6(udp6(5, 53))) == "opens a flow\n");
    CHECK(capture.tell(about6(2, out6(udp6(5, 53)))) == "about a flow\n");
    CHECK(capture.tell(about6(2, out6(udp6(6, 53)))) == "dropped: icmp_error_unknown\n");
    CHECK(capture.tell(about6(1, in6(udp6(53, 5)))) == "about a flow\n");  // one of the answers
    CHECK(capture.tell(about6(1, about6(1, out6(udp6(5, 53))))) == "dropped: icmp_error_quote\n");
}

TEST_CASE("replay: an IPv6 fragment is not tracked, one that is alone is", "[why]") {
    Capture capture;
    Frame6 first = out6(udp6(5, 53, Bytes(24)));
    first.has_checksum = false;
    first.fragment(0, true, 77);
    CHECK(capture.tell(first) == "not tracked by itself\n");
    Frame6 later = out6(udp6(5, 53));
    later.is_later_fragment = true;
    later.fragment(32, false, 77);
    CHECK(capture.tell(later) == "not tracked by itself\n");
    Frame6 only = out6(udp6(5, 53));
    only.fragment(0, false, 78);
    CHECK(capture.tell(only) == "opens a flow\n");
    CHECK(capture.tell(in6(udp6(53, 5))) == "reply\n");
}

TEST_CASE("replay: IPv6 that has no flow is told as that, or with its reason", "[why]") {
    Capture capture;
    const std::string group = "ff02::1:ff00:1";
    const Frame6 question{.source = kHost6,
                          .destination = group,
                          .upper = neighbour6(135, "2001:db8:1::1", mac_of6(kHost6)),
                          .hop_limit = 255};
    CHECK(capture.tell(question) == "neighbour discovery\n");
    CHECK(capture.tell(out6(icmp6(143, 0, 1))) == "dropped: ipv6_untranslatable\n");
    Frame6 ended = out6(udp6(5, 53));
    ended.hop_limit = 0;
    CHECK(capture.tell(ended) == "dropped: ttl_zero\n");
    Upper short_one = udp6(5, 53);
    short_one.bytes[5] = 200;  // longer than the packet
    CHECK(capture.tell(out6(short_one)) == "dropped: transport_header\n");
    Frame6 routed = out6(udp6(5, 53));
    routed.extensions = {17, 0, 0, 1, 0, 0, 0, 0};
    routed.first_extension = 43;
    CHECK(capture.tell(routed) == "dropped: ipv6_routing\n");
    Bytes cut = out6(udp6(5, 53)).bytes();
    cut.resize(14 + 40 + 8);
    CHECK(capture.verdict(cut) == "dropped: ipv6_malformed\n");
    cut.resize(14 + 20);
    CHECK(told_text(capture.replay.tell(cut, capture.now)) ==
          "a frame that is no sound IPv6 packet: dropped: ipv6_malformed\n");
}

}  // namespace replay_test
