// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// NAT64: datagrams in pieces, and those that are cut because they grow.

#include "bed_with_ipv6.h"
#include "catch.h"

namespace nat64_fragment_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

TEST_CASE("nat64: what does not fit as IPv6 is cut, or its sender told how much would",
          "[packet][nat64][fragment]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    SECTION("1480 bytes fit") {
        const auto in = ipv6.answer_from_outside(server_reply(port, 1452).dont_fragment());
        REQUIRE(in.size() == 1);
        CHECK(in[0].payload_length == 1460);
        CHECK(in[0].checksum_ok);
    }
    SECTION("one byte more, not to be fragmented") {
        CHECK(ipv6.answer_from_outside(server_reply(port, 1453).dont_fragment()).empty());
        const auto out = ipv6.bed.take(Side::Outside);
        REQUIRE(out.size() == 1);
        CHECK(out[0].icmp_type == 3);
        CHECK(out[0].icmp_code == 4);
        CHECK(out[0].echo_sequence == 1480);
        CHECK(ipv6.bed.dropped(Drop::TooBig) == 1);
    }
    SECTION("one byte more, in fragments") {
        const auto in = ipv6.answer_from_outside(server_reply(port, 1453).id(77));
        REQUIRE(in.size() == 2);
        for (const Seen6& part : in) {
            CHECK(part.is_fragment);
            CHECK(part.identification == 77);
            CHECK(part.payload_length + 40 <= 1500);
            CHECK(part.destination == kHost6);
        }
        CHECK(in[0].offset == 0);
        CHECK(in[0].more);
        CHECK(in[1].offset == in[0].transport.size());
        CHECK_FALSE(in[1].more);
        CHECK(in[0].transport.size() + in[1].transport.size() == 1461);
    }
}

TEST_CASE("nat64: a UDP checksum that IPv4 left out is computed before a datagram is cut",
          "[packet][nat64][fragment][rfc7915]") {
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    const auto in = ipv6.answer_from_outside(server_reply(port, 1471).without_udp_checksum());
    REQUIRE(in.size() == 2);
    CHECK(in[0].word(6) != 0);
    Bytes datagram = in[0].transport;
    datagram.insert(datagram.end(), in[1].transport.begin(), in[1].transport.end());
    CHECK(datagram.size() == 1479);
    Bytes covered = pseudo6(in[0].source, kHost6, datagram.size(), 17);
    covered.insert(covered.end(), datagram.begin(), datagram.end());
    CHECK(plain_checksum(covered) == 0);
}

TEST_CASE("nat64: by choice a datagram without a UDP checksum is dropped before it is cut",
          "[packet][nat64][fragment][rfc7915]") {
    Ipv6Bed ipv6(ipv6_options(
        {}, [](config::Config& config) { config.zero_checksum = nat64::ZeroChecksum::Drop; }));
    const uint16_t port = ask(ipv6);
    CHECK(ipv6.answer_from_outside(server_reply(port, 1471).without_udp_checksum()).empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6NoChecksum) == 1);
    CHECK(ipv6.bed.count(Count::PacketsCut) == 0);
    CHECK(ipv6.answer_from_outside(server_reply(port, 1471)).size() == 2);
}

TEST_CASE("nat64: the first fragment of a datagram without a UDP checksum is dropped",
          "[packet][nat64][fragment][rfc7915]") {
    Ipv6Bed ipv6;
    const Frame first = server_reply(ask(ipv6), 792).udp_length(1008).id(9).fragment(0, true);
    CHECK(ipv6.answer_from_outside(Frame(first).without_udp_checksum()).empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6NoChecksum) == 1);
    CHECK(ipv6.answer_from_outside(Frame(first).id(10)).size() == 1);
}

TEST_CASE("nat64: fragments pass both ways", "[packet][nat64][fragment]") {
    Ipv6Bed ipv6;
    // Of one datagram of 8 + 1600 bytes, whose checksum covers all of it.
    Frame6 whole = to_server(udp6(5000, 53, Bytes(1600, 0x33)));
    const Bytes packet = whole.ip_bytes();
    const Bytes datagram(packet.begin() + 40, packet.end());
    std::vector<Seen> out;
    for (const auto& [from, to] : {std::pair(0, 800), std::pair(800, 1608)}) {
        Frame6 part = to_server({17, Bytes(datagram.begin() + from, datagram.begin() + to), 6});
        part.is_later_fragment = true;  // its checksum is there already
        part.fragment(static_cast<unsigned>(from), from == 0, 0xabcd1234);
        for (Seen& seen : ipv6.send(part))
            out.push_back(std::move(seen));
    }
    REQUIRE(out.size() == 2);
    CHECK(out[0].more_fragments);
    CHECK(out[0].id == 0x1234);
    CHECK(out[1].fragment_offset == 800);
    CHECK_FALSE(out[1].more_fragments);
    CHECK(out[0].payload.size() + out[1].payload.size() == 1600);

    const uint16_t port = out[0].source_port;
    const auto first = ipv6.answer_from_outside(Frame()
                                                    .ipv4(kServer, kPublic)
                                                    .id(9)
                                                    .fragment(0, true)
                                                    .udp(53, port)
                                                    .payload(792)
                                                    .udp_length(1008));
    const auto last = ipv6.answer_from_outside(
        Frame().ipv4(kServer, kPublic).id(9).fragment(800, false).protocol(17).payload(208));
    REQUIRE(first.size() == 1);
    REQUIRE(last.size() == 1);
    CHECK(first[0].more);
    CHECK(first[0].word(2) == 5000);
    CHECK(last[0].offset == 800);
    CHECK(last[0].identification == 9);
    CHECK(last[0].transport.size() == 208);
}

}  // namespace nat64_fragment_test
