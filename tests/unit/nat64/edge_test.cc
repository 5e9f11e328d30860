// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/edge.h"

#include "catch.h"
#include "fake_mbuf.h"
#include "ipv6_addresses.h"
#include "ipv6_frame.h"
#include "net/text.h"
#include "packet_reader.h"

#include <memory>
#include <string>
#include <utility>

namespace edge_test {

using namespace sluice;
using namespace sluice::nat64;
using namespace sluice::test;
using stats::Drop;
using Fate = Entered::Fate;

namespace {

constexpr uint8_t kInside = 0;
constexpr uint8_t kOutside = 1;
constexpr auto kHost = "2001:db8:1::10";
constexpr auto kPeer = "2001:db8:cafe::10";
constexpr auto kFarRouter = "2001:db8:beef::1";

EdgeParams params(Numbers& peers) {
    EdgeParams params;
    params.addresses.own = prefix6("2001:db8:1::1/64");
    params.addresses.link_local = v6("fe80::1");
    params.addresses.numbers = *net::parse_prefix("198.18.0.0/16");
    params.addresses.outside = {prefix6("2001:db8:ff::2/64"), v6("fe80::2"), v6("2001:db8:ff::1")};
    params.addresses.peers = {
        {prefix6("2001:db8:1::/80")}, *net::parse_prefix("198.19.0.0/16"), &peers};
    params.mac = mac(0x11);
    params.port = kInside;
    params.outside = {mac(0x22), kOutside, {}};
    return params;
}

/// An edge whose hosts keep their addresses, and nothing behind it: what comes in leaves on the
/// other side, one router away.
struct Passage {
    std::unique_ptr<Numbers> hosts =
        std::move(Numbers::create({.plan = NumberPlan(*net::parse_prefix("198.18.0.0/16"))}))
            .value();
    std::unique_ptr<Numbers> peers =
        std::move(Numbers::create({.plan = NumberPlan(*net::parse_prefix("198.19.0.0/16"))}))
            .value();
    Edge edge{params(*peers), *hosts};

    Bytes pass(Frame6 frame, uint8_t from, uint32_t flow_label = 0) {
        frame.destination_mac = mac(from == kInside ? 0x11 : 0x22);
        Bytes bytes = frame.bytes();
        bytes[15] = static_cast<uint8_t>(bytes[15] | flow_label >> 16);
        bytes[16] = static_cast<uint8_t>(flow_label >> 8);
        bytes[17] = static_cast<uint8_t>(flow_label);
        FakeMbuf mbuf(bytes);
        const Entered entered = edge.enter(mbuf, from, Tick{});
        REQUIRE(entered.fate == Fate::Translated);
        between = bytes_of(mbuf);
        REQUIRE_FALSE(edge.leave(mbuf, from == kInside ? kOutside : kInside));
        return bytes_of(mbuf);
    }
    Entered refused(Frame6 frame, uint8_t from) {
        frame.destination_mac = mac(from == kInside ? 0x11 : 0x22);
        const Bytes bytes = frame.bytes();
        FakeMbuf mbuf(bytes);
        return edge.enter(mbuf, from, Tick{});
    }

    Bytes between;  ///< As IPv4.
};

Frame6 outward(Upper upper) {
    return {.source = kHost, .destination = kPeer, .upper = std::move(upper)};
}

Frame6 inward(Upper upper, const char* source = kPeer) {
    return {.source = source, .destination = kHost, .upper = std::move(upper)};
}

Bytes packet_of(const Bytes& frame) {
    return {frame.begin() + 14, frame.end()};
}

Upper error_about(const Frame6& sent, uint8_t type, uint8_t code, uint32_t rest) {
    return icmp6(type, code, rest, sent.ip_bytes());
}

}  // namespace

TEST_CASE("edge: what stays IPv6 leaves as it came", "[nat64][route6]") {
    Passage passage;
    Frame6 frame =
        outward(GENERATE(udp6(5000, 53), tcp6(4000, 80, 2, 7, 0), icmp6(128, 0, 0x70001)));
    frame.traffic_class = 0xb9;
    Bytes wanted = frame.ip_bytes();
    wanted[1] = static_cast<uint8_t>(wanted[1] | 0xa);
    wanted[2] = 0xbc;
    wanted[3] = 0xde;
    CHECK(packet_of(passage.pass(frame, kInside, 0xabcde)) == wanted);
    const Seen seen = read(passage.between);
    CHECK(seen.checksums_ok());
    CHECK(net::parse_prefix("198.18.0.0/16")->contains(ip(seen.source.c_str())));
    CHECK(net::parse_prefix("198.19.0.0/16")->contains(ip(seen.destination.c_str())));
    CHECK((passage.between[20] & 0x40) != 0);  // "don't fragment"
    Frame6 answer = inward(frame.upper);
    CHECK(packet_of(passage.pass(answer, kOutside)) == answer.ip_bytes());
}

TEST_CASE("edge: fragments of what stays IPv6 leave as they came", "[nat64][route6]") {
    Passage passage;
    const uint8_t protocol = GENERATE(uint8_t{58}, uint8_t{17});
    Frame6 frame = outward(protocol == 58 ? icmp6(128, 0, 0x70001, Bytes(56, 3))
                                          : udp6(5000, 53, Bytes(56, 3)));
    frame.is_later_fragment = true;  // its checksum is what it is
    frame.upper.bytes[2] = 0x12;
    frame.upper.bytes[6] = 0x34;
    frame.fragment(GENERATE(0u, 64u), true, 0xabcd1234);
    CHECK(packet_of(passage.pass(frame, kInside)) == frame.ip_bytes());
}

TEST_CASE("edge: an error is its teller's, with its own type, code and MTU", "[nat64][route6]") {
    Passage passage;
    const Frame6 sent = outward(udp6(5000, 53));
    passage.pass(sent, kInside);
    struct Row {
        uint8_t type;
        uint8_t code;
        uint32_t rest;
    };
    const Row row = GENERATE(values<Row>({{1, 0, 0},
                                          {1, 3, 0},
                                          {1, 4, 0},
                                          {1, 5, 0},
                                          {2, 0, 1400},
                                          {2, 0, 1280},
                                          {3, 0, 0},
                                          {3, 1, 0},
                                          {4, 0, 40},
                                          {4, 2, 6}}));
    CAPTURE(int{row.type}, int{row.code});
    const Frame6 error =
        inward(error_about(sent, row.type, row.code, row.rest), GENERATE(kFarRouter, kPeer));
    CHECK(packet_of(passage.pass(error, kOutside)) == error.ip_bytes());
}

TEST_CASE("edge: an error of a host leaves as it came", "[nat64][route6]") {
    Passage passage;
    passage.pass(outward(udp6(5000, 53)), kInside);
    const Frame6 error = outward(error_about(inward(udp6(53, 5000)), 1, 4, 0));
    CHECK(packet_of(passage.pass(error, kInside)) == error.ip_bytes());
}

TEST_CASE("edge: options in extension headers are left out", "[nat64][route6]") {
    Passage passage;
    Frame6 frame = outward(udp6(5000, 53));
    const Bytes wanted = frame.ip_bytes();
    frame.extensions = {17, 0, 1, 4, 0, 0, 0, 0};
    frame.first_extension = 60;
    CHECK(packet_of(passage.pass(frame, kInside)) == wanted);
}

TEST_CASE("edge: what nobody has asked for, and what is nobody's, comes not in",
          "[nat64][route6]") {
    Passage passage;
    CHECK(passage.refused(inward(udp6(53, 5000)), kOutside).reason == Drop::NoMapping);
    passage.pass(outward(udp6(5000, 53)), kInside);
    CHECK(passage.refused(inward(udp6(53, 5000)), kOutside).fate == Fate::Translated);
    CHECK(passage.refused(inward(udp6(53, 5000), kFarRouter), kOutside).reason == Drop::NoMapping);
    CHECK(passage.refused(inward(udp6(1, 2), "2001:db8:1::20"), kOutside).reason ==
          Drop::OutsideSpoof);
    CHECK(passage
              .refused({.source = "2001:db8:1:0:9::1", .destination = kPeer, .upper = udp6(1, 2)},
                       kInside)
              .reason == Drop::Ipv6Destination);
    const Frame6 quote = {.source = kHost, .destination = kFarRouter, .upper = udp6(1, 2)};
    CHECK(passage.refused(inward(error_about(quote, 1, 4, 0), kFarRouter), kOutside).reason ==
          Drop::IcmpErrorQuote);
}

TEST_CASE("edge: what is no flow of these hosts does not leave outside", "[nat64][route6]") {
    Passage passage;
    passage.pass(outward(udp6(5000, 53)), kInside);
    const Seen sent = read(passage.between);
    for (const auto& [source, destination] :
         {std::pair<std::string, std::string>{"10.1.0.10", sent.destination},
          {sent.source, "203.0.113.1"},
          {sent.destination, sent.destination}}) {
        CAPTURE(source, destination);
        const Bytes bytes = Frame().ipv4(source, destination).udp(1, 2).bytes();
        FakeMbuf mbuf(bytes);
        CHECK(passage.edge.leave(mbuf, kOutside) == Drop::Ipv6Untranslatable);
    }
}

TEST_CASE(
    "edge: workers share how often all hosts are told of the router, who only asks takes none",
    "[nat64][rfc4861]") {
    Passage passage;
    EdgeParams with = params(*passage.peers);
    with.advertises = true;
    with.pace = std::make_shared<RouterPace>();
    Edge first(with, *passage.hosts, 0);
    Edge second(with, *passage.hosts, 1);
    Edge asking(with, *passage.hosts, 0, Giving::Asks);
    Bytes option(104);  // of a kind that nobody knows, for an answer that is longer
    option[0] = 253;
    option[1] = 13;
    const auto outcome = [&](Edge& edge, uint32_t milliseconds) {
        const Bytes bytes = Frame6{.source = "::",
                                   .destination = "ff02::2",
                                   .upper = icmp6(133, 0, 0, option),
                                   .hop_limit = 255,
                                   .destination_mac = {0x33, 0x33, 0, 0, 0, 2}}
                                .bytes();
        FakeMbuf mbuf(bytes);
        return edge.enter(mbuf, kInside, Tick{milliseconds});
    };
    CHECK(outcome(asking, 1000).fate == Fate::Answers);
    CHECK(outcome(first, 1000).fate == Fate::Answers);
    CHECK(outcome(asking, 1000).fate == Fate::Answers);
    CHECK(outcome(second, 2000).reason == Drop::MulticastOrBroadcast);
    CHECK(outcome(second, 4000).fate == Fate::Answers);
    CHECK(outcome(first, 6999).fate == Fate::Dropped);
    option[1] = 0;
    CHECK(outcome(first, 9000).reason == Drop::Ipv6Malformed);
}

}  // namespace edge_test
