// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Neighbour discovery: hosts find the gateway, and it finds them; what is not sound is not heard.

#include "bed_with_nptv6.h"
#include "catch.h"

#include <algorithm>
#include <string>
#include <vector>

namespace neighbour_discovery_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr MacAddress kAllHosts{0x33, 0x33, 0, 0, 0, 1};

Frame6 solicitation(const std::string& source, const std::string& target, MacAddress gateway) {
    return {.source = source,
            .destination = target,
            .upper = neighbour6(135, target, mac_of6(kHost6)),
            .hop_limit = 255,
            .source_mac = mac_of6(kHost6),
            .destination_mac = gateway};
}

void put(Ipv6Bed& ipv6, const Frame6& frame) {
    ipv6.bed.inject(Side::Inside, frame.bytes());
    ipv6.settle();
}

Frame6 router_solicitation(const std::string& source) {
    return {.source = source,
            .destination = "ff02::2",
            .upper = icmp6(133, 0, 0, {}),
            .hop_limit = 255,
            .source_mac = mac_of6(kHost6),
            .destination_mac = {0x33, 0x33, 0, 0, 0, 2}};
}

/// Whom the router advertisements go to that come out because of it, by MAC.
std::vector<MacAddress> told_by(Ipv6Bed& ipv6, const Frame6& question) {
    ipv6.take();
    put(ipv6, question);
    std::vector<MacAddress> told;
    for (const Seen6& seen : ipv6.take())
        if (seen.transport.at(0) == 134)
            told.push_back(seen.destination_mac);
    return told;
}

/// The first router advertisement of what has come out.
Seen6 first_of_routers(Ipv6Bed& ipv6) {
    const auto came = ipv6.take();
    const auto found =
        std::ranges::find_if(came, [](const Seen6& seen) { return seen.transport.at(0) == 134; });
    REQUIRE(found != came.end());
    return *found;
}

/// Another MAC says to everybody that it has the host's address.
void advertise(Ipv6Bed& ipv6) {
    put(ipv6, {.source = kHost6,
               .destination = "ff02::1",
               .upper = neighbour6(136, kHost6, mac(0x42)),
               .hop_limit = 255,
               .source_mac = mac(0x42),
               .destination_mac = {0x33, 0x33, 0, 0, 0, 1}});
}

}  // namespace

TEST_CASE("neighbour discovery: who asks for an own address is told", "[packet][rfc4861]") {
    Ipv6Bed ipv6;
    const std::string own = GENERATE(kOwn6, kOwnLinkLocal);
    Frame6 question = solicitation(kHost6, own, ipv6.gateway_mac());
    SECTION("one that knows the gateway's MAC") {}
    SECTION("one that does not") {
        question.destination = own == kOwn6 ? "ff02::1:ff00:1" : "ff02::1:ff00:11";
        question.destination_mac = {0x33, 0x33, 0xff,
                                    0,    0,    static_cast<uint8_t>(own == kOwn6 ? 1 : 0x11)};
    }
    put(ipv6, question);
    const auto in = ipv6.take();
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == own);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].destination_mac == mac_of6(kHost6));
    CHECK(in[0].hop_limit == 255);
    CHECK(in[0].transport.at(0) == 136);
    CHECK(in[0].transport.at(4) == 0xe0);  // router, solicited, override
    CHECK(text6(&in[0].transport.at(8)) == own);
    const MacAddress mac = ipv6.gateway_mac();
    CHECK(Bytes(in[0].transport.begin() + 24, in[0].transport.end()) ==
          Bytes{2, 1, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]});
    CHECK(in[0].checksum_ok);
}

TEST_CASE("neighbour discovery: who wants an own address for himself is told before all",
          "[packet][rfc4862]") {
    Ipv6Bed ipv6;
    Frame6 probe = solicitation("::", kOwn6, {0x33, 0x33, 0xff, 0, 0, 1});
    probe.destination = "ff02::1:ff00:1";
    probe.upper.bytes.resize(24);  // who has no address yet, names no MAC
    put(ipv6, probe);
    const auto in = ipv6.take();
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "ff02::1");
    CHECK(in[0].destination_mac == kAllHosts);
    CHECK(in[0].transport.at(4) == 0xa0);  // not solicited
    CHECK(in[0].checksum_ok);
}

TEST_CASE("neighbour discovery: what is not sound is not heard", "[packet][rfc4861]") {
    Ipv6Bed ipv6;
    Frame6 question = solicitation(kHost6, kOwn6, ipv6.gateway_mac());
    Drop reason = Drop::Ipv6Malformed;
    SECTION("passed on by a router") {
        question.hop_limit = 254;
    }
    SECTION("an option without a length") {
        question.upper.bytes[25] = 0;
    }
    SECTION("an option beyond the message") {
        question.upper.bytes[25] = 2;
    }
    SECTION("a code") {
        question.upper.bytes[1] = 1;
    }
    SECTION("from all hosts") {
        question.source = "ff02::1";
    }
    SECTION("from all hosts' MAC") {
        question.source_mac = kAllHosts;
    }
    SECTION("answers wanted by all hosts' MAC") {
        question.upper = neighbour6(135, kOwn6, kAllHosts);
    }
    SECTION("cut short") {
        question.upper.bytes.resize(23);
    }
    SECTION("a wrong checksum") {
        question.has_checksum = false;
        reason = Drop::TransportChecksum;
    }
    SECTION("about another host") {
        question.upper = neighbour6(135, kOther6, mac_of6(kHost6));
        reason = Drop::MulticastOrBroadcast;
    }
    SECTION("to another MAC") {
        question.destination_mac = mac(0x77);
        reason = Drop::NotForUs;
    }
    put(ipv6, question);
    CHECK(ipv6.take().empty());
    CHECK(ipv6.bed.dropped(reason) == 1);
}

TEST_CASE("neighbour discovery: the own addresses are announced", "[packet][rfc4861]") {
    Ipv6Bed ipv6;
    ipv6.bed.advance(Duration::seconds(61));
    bool own = false;
    bool link_local = false;
    for (const Seen6& seen : ipv6.take()) {
        CHECK(seen.destination == "ff02::1");
        CHECK(seen.transport.at(0) == 136);
        CHECK(seen.checksum_ok);
        own |= text6(&seen.transport.at(8)) == kOwn6;
        link_local |= text6(&seen.transport.at(8)) == kOwnLinkLocal;
    }
    CHECK(own);
    CHECK(link_local);
}

TEST_CASE("neighbour discovery: --ra tells hosts of router, prefix and what IPv4 is behind",
          "[packet][rfc4861][rfc8781]") {
    Ipv6Bed ipv6(ipv6_options({}, [](config::Config& config) { config.advertises_router = true; }));
    const bool asks = GENERATE(true, false);
    if (asks)
        put(ipv6, router_solicitation("fe80::10"));
    else
        ipv6.bed.advance(Duration::seconds(61));
    const Seen6 seen = first_of_routers(ipv6);
    CHECK(seen.source == kOwnLinkLocal);
    CHECK(seen.destination == (asks ? "fe80::10" : "ff02::1"));
    CHECK(seen.hop_limit == 255);
    CHECK(seen.checksum_ok);
    CHECK(seen.word(6) == 1800);
    REQUIRE(seen.transport.size() == 72);
    CHECK(seen.word(24) == 0x0304);  // prefix information
    CHECK(seen.word(26) == 0x40c0);  // 64 bits, on link, autonomous
    CHECK(text6(&seen.transport[40]) == "2001:db8:1::");
    CHECK(seen.word(56) == 0x2602);     // PREF64
    CHECK(seen.word(58) == 225u << 3);  // 1800 s in units of 8, and a prefix of 96 bits
    CHECK(seen.word(60) == 0x0064);
    CHECK(seen.word(62) == 0xff9b);
}

TEST_CASE("neighbour discovery: --ra-dns tells hosts of DNS servers", "[packet][rfc8106]") {
    const bool is_behind = GENERATE(true, false);  // there is IPv4, which hosts are told of too
    const std::vector<std::string> servers = GENERATE(values<std::vector<std::string>>(
        {{"2001:db8:1::53"}, {"2001:db8:1::53", "64:ff9b::c633:6435", "fe80::53"}}));
    Ipv6Bed ipv6(ipv6_options({}, [&](config::Config& config) {
        if (!is_behind)
            config.nat64.reset();
        config.advertises_router = true;
        for (const std::string& server : servers)
            config.dns6.push_back(v6(server.c_str()));
    }));
    put(ipv6, router_solicitation("fe80::10"));
    const Seen6 seen = first_of_routers(ipv6);
    CHECK(seen.checksum_ok);
    const size_t at = is_behind ? 72 : 56;
    REQUIRE(seen.transport.size() == at + 8 + 16 * servers.size());
    CHECK(seen.payload_length == seen.transport.size());
    CHECK(seen.word(at) == (0x1900 | (1 + 2 * servers.size())));
    CHECK(seen.word(at + 4) == 0);
    CHECK(seen.word(at + 6) == 1800);
    for (size_t i = 0; i < servers.size(); ++i)
        CHECK(text6(&seen.transport[at + 8 + 16 * i]) == servers[i]);
}

TEST_CASE("neighbour discovery: without --ra a host that looks for routers hears nothing",
          "[packet][rfc4861]") {
    Ipv6Bed ipv6;
    put(ipv6, router_solicitation("fe80::10"));
    CHECK(ipv6.take().empty());
}

TEST_CASE("neighbour discovery: who asks for routers without an address has all told once in 3 s",
          "[packet][rfc4861]") {
    TestbedOptions options;
    options.workers = GENERATE(1u, 2u);
    Ipv6Bed ipv6(
        ipv6_options(options, [](config::Config& config) { config.advertises_router = true; }));
    ipv6.bed.advance(Duration::seconds(10));  // beyond what a start announces
    const Frame6 question = router_solicitation("::");
    const std::vector<MacAddress> all{kAllHosts};
    const uint64_t unanswered = ipv6.bed.dropped(Drop::MulticastOrBroadcast);
    CHECK(told_by(ipv6, question) == all);
    CHECK(told_by(ipv6, question).empty());
    CHECK(told_by(ipv6, router_solicitation("fe80::10")) ==
          std::vector<MacAddress>{mac_of6(kHost6)});
    ipv6.bed.advance(Duration{2999});
    CHECK(told_by(ipv6, question).empty());
    CHECK(ipv6.bed.dropped(Drop::MulticastOrBroadcast) == unanswered + 2);
    ipv6.bed.advance(Duration{1});
    CHECK(told_by(ipv6, question) == all);
}

TEST_CASE("neighbour discovery: a host that has moved to another MAC is found there",
          "[packet][rfc4861]") {
    Ipv6Bed ipv6;
    const auto out =
        ipv6.send({.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53)});
    REQUIRE(out.size() == 1);
    const auto reply = [&] {
        return ipv6.answer_from_outside(
            Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port).payload(4));
    };
    REQUIRE(reply().size() == 1);
    ipv6.bed.silent = {kHost6};  // the old one is gone
    advertise(ipv6);
    for (int i = 0; i < 8; ++i) {
        ipv6.bed.advance(Duration{500});
        ipv6.settle();
        advertise(ipv6);
    }
    ipv6.take();  // what the gateway has announced meanwhile
    const auto in = reply();
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination_mac == mac(0x42));
}

TEST_CASE("neighbour discovery: a forged advertisement moves no host that answers",
          "[packet][rfc4861]") {
    constexpr unsigned kClaims = 8;
    Ipv6Bed ipv6;
    const uint16_t port = ask(ipv6);
    REQUIRE(answered(ipv6, port) == kHost6);
    ipv6.solicited.clear();
    for (unsigned i = 0; i < kClaims; ++i) {
        advertise(ipv6);
        ipv6.bed.advance(Duration{500});
        ipv6.settle();
    }
    // He is asked himself, and nobody else.
    CHECK(ipv6.solicited.size() >= 2);
    for (const Seen6& question : ipv6.solicited)
        CHECK(question.destination_mac == mac_of6(kHost6));
    CHECK(ipv6.bed.count(Count::NeighbourConflicts) == kClaims);
    CHECK(ipv6.bed.count(Count::NeighboursMoved) == 0);
    ipv6.take();
    const auto in = ipv6.answer_from_outside(server_reply(port));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination_mac == mac_of6(kHost6));
}

TEST_CASE("neighbour discovery: a next hop outside that is named is not asked for, and stays",
          "[packet][nptv6][rfc4861]") {
    Nptv6Bed npt(nptv6_options({}, [](config::Config& config) {
        config.fixed_neighbours = {{{}, mac(0xfe), 0, config.gateway6}};
    }));
    const auto leaves_to = [&] {
        const auto out = npt.send(
            Side::Inside, {.source = kHost6, .destination = kWorld6, .upper = udp6(4000, 53)});
        REQUIRE(out.size() == 1);
        return out[0].destination_mac;
    };
    CHECK(leaves_to() == mac(0xfe));
    for (int i = 0; i < 8; ++i) {
        npt.send(Side::Outside, {.source = kGateway6,
                                 .destination = kOutsideLinkLocal,
                                 .upper = neighbour6(136, kGateway6, mac(0x66)),
                                 .hop_limit = 255});
        npt.bed.advance(Duration::seconds(1));
        npt.settle();
    }
    CHECK(npt.bed.count(Count::NeighbourConflicts) == 8);
    CHECK(leaves_to() == mac(0xfe));
    CHECK(npt.solicited[index(Side::Outside)].empty());
}

}  // namespace neighbour_discovery_test
