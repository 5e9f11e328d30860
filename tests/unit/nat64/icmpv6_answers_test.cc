// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/icmpv6_answers.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"

#include <array>

namespace icmpv6_answers_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;

namespace {

constexpr auto kHost = "2001:db8:cafe::10";
constexpr auto kOwn = "2001:db8:ff::2";

Frame6 to_gateway(Upper upper) {
    return {.source = kHost, .destination = kOwn, .upper = std::move(upper)};
}

/// A packet, and what its headers say.
struct Packet {
    explicit Packet(const Bytes& bytes) : mbuf(bytes) {
        read_headers(std::span(bytes).subspan(14), headers);
    }
    explicit Packet(const Frame6& frame) : Packet(frame.bytes()) {}

    FakeMbuf mbuf;
    Headers headers;

    bool may_be_answered() { return may_answer_with_error(mbuf, headers); }
    Bytes frame() {
        const auto* data = rte_pktmbuf_mtod(mbuf.get(), const uint8_t*);
        return {data, data + rte_pktmbuf_data_len(mbuf.get())};
    }
};

/// Room for an answer.
struct Answer {
    Bytes room = Bytes(1500);
    FakeMbuf mbuf{room};

    Answer() {
        mbuf->data_len = 0;
        mbuf->pkt_len = 0;
    }
    Seen6 seen() {
        const auto* data = rte_pktmbuf_mtod(mbuf.get(), const uint8_t*);
        return read6({data, data + rte_pktmbuf_data_len(mbuf.get())});
    }
};

}  // namespace

TEST_CASE("icmpv6 answers: an error goes back with the packet that it is about",
          "[nat64][rfc4443]") {
    const Frame6 frame = to_gateway(udp6(5000, 53));
    Packet packet(frame);
    Answer answer;
    REQUIRE(
        write_icmpv6_error(answer.mbuf, kHopLimitExceeded, v6(kOwn), packet.mbuf, packet.headers));
    const Seen6 seen = answer.seen();
    CHECK(seen.source_mac == frame.destination_mac);
    CHECK(seen.destination_mac == frame.source_mac);
    CHECK(seen.source == kOwn);
    CHECK(seen.destination == kHost);
    CHECK(seen.transport.at(0) == 3);
    CHECK(seen.transport.at(1) == 0);
    CHECK(seen.checksum_ok);
    CHECK(Bytes(seen.transport.begin() + 8, seen.transport.end()) == frame.ip_bytes());
}

TEST_CASE("icmpv6 answers: no error is larger than 1280 bytes", "[nat64][rfc4443]") {
    Packet packet(to_gateway(udp6(5000, 53, Bytes(1300))));
    Answer answer;
    REQUIRE(write_icmpv6_error(answer.mbuf, packet_too_big(1300), v6(kOwn), packet.mbuf,
                               packet.headers));
    const Seen6 seen = answer.seen();
    CHECK(seen.payload_length == 1240);
    CHECK(seen.transport.size() == 1240);
    CHECK(seen.word(6) == 1300);
    CHECK(seen.checksum_ok);
}

TEST_CASE("icmpv6 answers: of a packet in several segments all is quoted", "[nat64]") {
    const Frame6 frame = to_gateway(udp6(5000, 53, Bytes(50, 0x42)));
    const Bytes bytes = frame.bytes();
    FakeMbuf about(bytes, {14 + 48, 14 + 60});
    Headers headers;
    REQUIRE_FALSE(read_headers(std::span(bytes).subspan(14, 48), headers));
    Answer answer;
    REQUIRE(write_icmpv6_error(answer.mbuf, kAddressUnreachable, v6(kOwn), about, headers));
    const Seen6 seen = answer.seen();
    CHECK(Bytes(seen.transport.begin() + 8, seen.transport.end()) == frame.ip_bytes());
}

TEST_CASE("icmpv6 answers: without room there is none", "[nat64]") {
    Packet packet(to_gateway(udp6(5000, 53)));
    const Bytes small(100);
    FakeMbuf answer(small);
    answer->data_len = 0;
    answer->pkt_len = 0;
    CHECK_FALSE(
        write_icmpv6_error(answer, kHopLimitExceeded, v6(kOwn), packet.mbuf, packet.headers));
}

TEST_CASE("icmpv6 answers: no error is about an error, a group or nobody", "[nat64][rfc4443]") {
    CHECK(Packet(to_gateway(udp6(1, 2))).may_be_answered());
    CHECK(Packet(to_gateway(icmp6(128, 0, 1))).may_be_answered());
    for (const uint8_t type : std::array<uint8_t, 6>{1, 2, 3, 4, 127, 137})
        CHECK_FALSE(Packet(to_gateway(icmp6(type, 0, 0))).may_be_answered());
    Frame6 frame = to_gateway(udp6(1, 2));
    SECTION("no source") {
        frame.source = "::";
    }
    SECTION("a group as source") {
        frame.source = "ff02::1";
    }
    SECTION("a group as destination") {
        frame.destination = "ff0e::1";
    }
    SECTION("a later fragment of ICMPv6") {
        frame = to_gateway(icmp6(128, 0, 1));
        frame.fragment(8, false, 1);
        frame.is_later_fragment = true;
    }
    SECTION("what cannot be told") {
        frame.upper.protocol = 59;
    }
    CHECK_FALSE(Packet(frame).may_be_answered());
}

TEST_CASE("icmpv6 answers: a ping becomes its reply, a damaged one a damaged one",
          "[nat64][rfc4443]") {
    Frame6 frame = to_gateway(icmp6(128, 0, 0x12340007, Bytes(33, 5)));
    frame.has_checksum = GENERATE(true, false);
    frame.hop_limit = 9;
    Packet packet(frame);
    REQUIRE(turn_ping(packet.mbuf, packet.headers));
    const Seen6 seen = read6(packet.frame());
    CHECK(seen.source == kOwn);
    CHECK(seen.destination == kHost);
    CHECK(seen.source_mac == frame.destination_mac);
    CHECK(seen.destination_mac == frame.source_mac);
    CHECK(seen.hop_limit == 64);
    CHECK(seen.transport.at(0) == 129);
    CHECK(seen.word(4) == 0x1234);
    CHECK(seen.word(6) == 7);
    CHECK(seen.checksum_ok == frame.has_checksum);
}

TEST_CASE("icmpv6 answers: what is no ping stays as it is", "[nat64]") {
    Frame6 frame = to_gateway(icmp6(128, 0, 1));
    SECTION("a reply") {
        frame.upper = icmp6(129, 0, 1);
    }
    SECTION("another code") {
        frame.upper = icmp6(128, 1, 1);
    }
    SECTION("from nobody") {
        frame.source = "::";
    }
    SECTION("from a group") {
        frame.source = "ff02::1";
    }
    SECTION("a fragment") {
        frame.fragment(0, true, 1);
    }
    SECTION("cut short") {
        frame.upper.bytes.resize(7);
    }
    SECTION("another protocol") {
        frame.upper = udp6(0x8000, 1);
    }
    Packet packet(frame);
    CHECK_FALSE(turn_ping(packet.mbuf, packet.headers));
    CHECK(packet.frame() == frame.bytes());
}

}  // namespace icmpv6_answers_test
