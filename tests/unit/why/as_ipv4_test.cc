// SPDX-License-Identifier: BSD-3-Clause
#include "why/as_ipv4.h"

#include "catch.h"
#include "ipv6_frame.h"
#include "net/parse.h"
#include "why/frame.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace as_ipv4_test {

using namespace sluice;
using namespace sluice::test;
using stats::Drop;
using why::AsIpv4;

namespace {

constexpr auto kHost = "2001:db8:1::10";
constexpr auto kServer = "2001:db8:cafe::10";

Frame6 frame_with(Upper upper) {
    return {.source = kHost, .destination = kServer, .upper = std::move(upper)};
}

/// What net::parse() finds in its form.
struct Parsed {
    explicit Parsed(const Frame6& frame) {
        refused = why::as_ipv4(frame.bytes(), made);
        if (refused)
            return;
        const why::Frame form(made.frame);
        refused = net::parse(form.mbuf(), packet, tuple);
        if (!refused)
            transport.assign(packet.transport,
                             packet.transport + packet.length - net::ip_header_bytes(packet));
    }

    AsIpv4 made;
    std::optional<Drop> refused;
    net::Packet packet;  // its pointers are of no use any more
    net::Tuple tuple;
    Bytes transport;
};

}  // namespace

TEST_CASE("as ipv4: the transport is as it came, and the addresses are beside it", "[why]") {
    Frame6 frame = frame_with(tcp6(4000, 80, kSyn, 7, 9, Bytes(5, 3)));
    const Parsed parsed(frame);
    REQUIRE(!parsed.refused);
    CHECK(net::to_string(parsed.made.source) == kHost);
    CHECK(net::to_string(parsed.made.destination) == kServer);
    CHECK(parsed.tuple.source == Be32{});
    CHECK(parsed.tuple.destination == Be32{});
    CHECK(parsed.tuple.source_port.host() == 4000);
    CHECK(parsed.tuple.destination_port.host() == 80);
    CHECK(parsed.tuple.protocol == net::Protocol::Tcp);
    CHECK(parsed.packet.tcp_flags == kSyn);
    CHECK(parsed.packet.length == 20 + 20 + 5);
    const Bytes bytes = frame.bytes();
    CHECK(parsed.transport == Bytes(bytes.begin() + 14 + 40, bytes.end()));
}

TEST_CASE("as ipv4: extension headers, and what follows the packet, are left out", "[why]") {
    Frame6 frame = frame_with(udp6(4000, 53));
    frame.extensions = {17, 0, 1, 4, 0, 0, 0, 0};  // destination options: padding
    frame.first_extension = 60;
    Bytes padded = frame.bytes();
    padded.resize(padded.size() + 9);
    AsIpv4 made;
    REQUIRE(!why::as_ipv4(padded, made));
    CHECK(made.frame.size() == 14 + 20 + 8 + 10);
    CHECK(Parsed(frame).tuple.destination_port.host() == 53);
}

TEST_CASE("as ipv4: echoes are called as ICMP has them", "[why]") {
    const Parsed request(frame_with(icmp6(128, 0, 0x70001)));
    REQUIRE(!request.refused);
    CHECK(request.packet.icmp_type == 8);
    CHECK(request.tuple.source_port.host() == 7);
    const Parsed reply(frame_with(icmp6(129, 0, 0x70001)));
    REQUIRE(!reply.refused);
    CHECK(reply.tuple.protocol == net::Protocol::Icmp);
    CHECK(reply.tuple.destination_port.host() == 7);
}

TEST_CASE("as ipv4: of an error there is what it quotes, turned round", "[why]") {
    const auto about = [](Upper upper, uint8_t type) {
        return Frame6{.source = "2001:db8:beef::1",
                      .destination = kHost,
                      .upper = icmp6(type, 9, 1280, frame_with(std::move(upper)).ip_bytes())};
    };
    const Parsed udp(about(udp6(4000, 53), 2));
    REQUIRE(!udp.refused);
    CHECK(udp.packet.is_icmp_error);
    CHECK(net::to_string(udp.made.source) == kServer);
    CHECK(net::to_string(udp.made.destination) == kHost);
    CHECK(udp.tuple.source_port.host() == 53);
    CHECK(udp.tuple.destination_port.host() == 4000);
    const Parsed ping(about(icmp6(128, 0, 0x70001), 4));
    REQUIRE(!ping.refused);
    CHECK(ping.tuple.protocol == net::Protocol::Icmp);
    CHECK(ping.tuple.destination_port.host() == 7);
    CHECK(Parsed(about(icmp6(130, 0, 0), 1)).refused == Drop::IcmpErrorQuote);
    CHECK(Parsed(about(icmp6(1, 0, 0), 1)).refused == Drop::IcmpErrorQuote);
}

TEST_CASE("as ipv4: a fragment is one of IPv4 with the same place", "[why]") {
    Frame6 later = frame_with(udp6(4000, 53, Bytes(16)));
    later.is_later_fragment = true;
    later.fragment(1000, true, 77);
    const Parsed parsed(later);
    REQUIRE(!parsed.refused);
    CHECK(parsed.packet.is_fragment);
    CHECK((parsed.made.frame[14 + 6] << 8 | parsed.made.frame[14 + 7]) == (0x2000 | 1000 / 8));
    Frame6 ping = frame_with(icmp6(128, 0, 0x70001, Bytes(16)));
    ping.is_later_fragment = true;  // what looks like a head is none
    ping.fragment(8, false, 77);
    REQUIRE(!Parsed(ping).refused);
    CHECK(Parsed(ping).transport[0] == 128);
}

TEST_CASE("as ipv4: what has no form is refused by name", "[why]") {
    AsIpv4 made;
    CHECK(why::as_ipv4({}, made) == Drop::Ipv6Malformed);
    Bytes cut = frame_with(udp6(4000, 53)).bytes();
    cut.pop_back();
    CHECK(why::as_ipv4(cut, made) == Drop::Ipv6Malformed);
    CHECK(Parsed(frame_with(icmp6(131, 0, 0))).refused == Drop::Ipv6Untranslatable);
    CHECK(Parsed(frame_with({58, Bytes(7, 128), 2})).refused == Drop::Ipv6Malformed);
    CHECK(Parsed(frame_with({1, Bytes(8, 8), 2})).refused == Drop::Ipv6Untranslatable);
    CHECK(Parsed(frame_with({59, Bytes(8), 2})).refused == Drop::Ipv6Untranslatable);
    Frame6 part = frame_with(icmp6(1, 0, 0, frame_with(udp6(1, 2)).ip_bytes()));
    part.fragment(0, true, 77);
    CHECK(Parsed(part).refused == Drop::Ipv6Untranslatable);
}

}  // namespace as_ipv4_test
