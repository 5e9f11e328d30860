// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// NAT64: what does not pass, and under which name.

#include "bed_with_ipv6.h"
#include "catch.h"

#include <array>
#include <cstdio>
#include <utility>

namespace nat64_refuse_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

/// With 256 numbers.
TestbedOptions with_few_numbers() {
    TestbedOptions options;
    options.configure = [](config::Config& config) {
        config.numbers = nat64::NumberPlan({ip("198.18.0.0"), 24});
        serve_ipv6(config);
    };
    return options;
}

/// Packets that open nothing, from so many sources.
void forge(Ipv6Bed& ipv6, int count) {
    for (int i = 0; i < count; ++i) {
        std::array<char, 40> source{};
        std::snprintf(source.data(), source.size(), "2001:db8:1::f:%x", i);
        CHECK(ipv6.send({.source = source.data(),
                         .destination = kServer6,
                         .upper = tcp6(4000, 80, kFin | kAck, 1, 1)})
                  .empty());
    }
}

}  // namespace

TEST_CASE("nat64: what cannot pass ends by name", "[packet][nat64]") {
    Ipv6Bed ipv6;
    Frame6 frame = to_server(udp6(5000, 53));
    Drop reason{};
    SECTION("a routing header") {
        frame.first_extension = 43;
        frame.extensions = {17, 0, 0, 1, 0, 0, 0, 0};
        reason = Drop::Ipv6Routing;
    }
    SECTION("a header beyond the packet") {
        frame.first_extension = 60;
        frame.extensions = {17, 9, 1, 4, 0, 0, 0, 0};
        reason = Drop::Ipv6Malformed;
    }
    SECTION("a source of another prefix") {
        frame.source = "2001:db8:2::10";
        reason = Drop::Ipv6Source;
    }
    SECTION("a link-local source") {
        frame.source = "fe80::10";
        reason = Drop::Ipv6Source;
    }
    SECTION("the gateway's own source") {
        frame.source = kOwn6;
        reason = Drop::Ipv6Source;
    }
    SECTION("a source behind the prefix") {
        frame.source = "64:ff9b::192.0.2.1";
        reason = Drop::Ipv6Source;
    }
    SECTION("native IPv6") {
        frame.destination = "2001:db8:ffff::1";
        reason = Drop::Ipv6Destination;
    }
    SECTION("a private address behind the well-known prefix") {
        frame.destination = "64:ff9b::10.1.0.10";
        reason = Drop::Ipv6Destination;
    }
    SECTION("a number behind the prefix") {
        frame.destination = "64:ff9b::198.18.0.17";
        reason = Drop::Ipv6Destination;
    }
    SECTION("UDP without a checksum") {
        frame.has_checksum = false;
        reason = Drop::TransportChecksum;
    }
    SECTION("ICMPv6 in fragments") {
        frame.upper = icmp6(128, 0, 1);
        frame.fragment(0, true, 5);
        reason = Drop::Ipv6Untranslatable;
    }
    SECTION("ICMPv6 that ICMP does not have") {
        frame.upper = icmp6(144, 0, 1);
        reason = Drop::Ipv6Untranslatable;
    }
    SECTION("a hop limit of 0") {
        frame.hop_limit = 0;
        reason = Drop::TtlZero;
    }
    SECTION("a loopback address behind the prefix") {
        frame.destination = "64:ff9b::127.0.0.1";
        reason = Drop::MulticastOrBroadcast;
    }
    CHECK(ipv6.send(frame).empty());
    CHECK(ipv6.take().size() == (reason == Drop::Ipv6Destination ? 1 : 0));
    CHECK(ipv6.bed.dropped(reason) == 1);
}

TEST_CASE("nat64: a host is told that there is no way to native IPv6", "[packet][nat64][rfc4443]") {
    Ipv6Bed ipv6;
    const auto sent = [&](Upper upper) {
        const Frame6 frame{
            .source = kHost6, .destination = "2001:db8:ffff::1", .upper = std::move(upper)};
        CHECK(ipv6.send(frame).empty());
        return frame;
    };
    const Frame6 question = sent(udp6(5000, 53));
    const auto told = ipv6.take();
    REQUIRE(told.size() == 1);
    CHECK(told[0].source == kOwn6);
    CHECK(told[0].destination == kHost6);
    CHECK(told[0].destination_mac == mac_of6(kHost6));
    CHECK(told[0].checksum_ok);
    CHECK(told[0].word(0) == 0x0100);  // no route to destination
    const Bytes& error = told[0].transport;
    CHECK(Bytes(error.begin() + 8, error.end()) == question.ip_bytes());
    CHECK(ipv6.bed.count(stats::Count::IcmpErrors) == 1);
    sent(icmp6(1, 4, 0, question.ip_bytes()));  // nobody is told of an error
    CHECK(ipv6.take().empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6Destination) == 2);
    CHECK(ipv6.bed.flows() == 0);
}

TEST_CASE("nat64: of ICMPv6 that is of no flow an echo request alone leaves",
          "[packet][nat64][icmp][rfc4890]") {
    Ipv6Bed ipv6;
    for (unsigned type = 0; type < 256; ++type) {
        CAPTURE(type);
        Frame6 frame = to_server(icmp6(static_cast<uint8_t>(type), 0, 0, Bytes(24, 0)));
        frame.hop_limit = 255;  // as neighbour discovery wants it
        CHECK(ipv6.send(frame).size() == (type == 128 ? 1 : 0));
    }
    CHECK(ipv6.bed.flows() == 1);
}

TEST_CASE("nat64: no wire uses the addresses that stand for IPv6 hosts", "[packet][nat64]") {
    Ipv6Bed ipv6;
    REQUIRE(ipv6.send(to_server(udp6(5000, 53))).size() == 1);
    const MacAddress own = ipv6.gateway_mac();
    const auto count = [&] { return ipv6.bed.dropped(Drop::Ipv6Number); };
    ipv6.bed.inject(Side::Inside,
                    Frame().ether(mac(9), own).ipv4("198.18.0.20", kServer).udp(1, 2).bytes());
    ipv6.settle();
    CHECK(count() == 1);
    ipv6.bed.inject(Side::Inside,
                    Frame().ether(mac(9), own).ipv4(kHost, "198.18.0.20").udp(1, 2).bytes());
    ipv6.settle();
    CHECK(count() == 2);
    ipv6.bed.inject(Side::Inside, arp_reply(mac(9), ip("198.18.0.20"), own, ip("10.1.0.1")));
    ipv6.settle();
    CHECK(count() == 3);
    ipv6.bed.inject(
        Side::Inside,
        Frame().vlan(4095).ether(mac(9), own).ipv4("198.51.100.77", kServer).udp(1, 2).bytes());
    ipv6.settle();
    CHECK(ipv6.bed.dropped(Drop::UnknownVlan) == 1);
}

TEST_CASE("nat64: forged sources keep new hosts out for 90 seconds at most", "[packet][nat64]") {
    Ipv6Bed ipv6(with_few_numbers());
    const auto syn = ipv6.send(to_server(tcp6(40000, 80, kSyn, 1000, 0)));
    REQUIRE(syn.size() == 1);
    forge(ipv6, 1500);
    CHECK(ipv6.bed.dropped(Drop::Ipv6HostsFull) > 1000);
    const Frame6 newcomer{.source = kOther6, .destination = kServer6, .upper = udp6(5000, 53)};
    CHECK(ipv6.send(newcomer).empty());
    ipv6.bed.advance(Duration::seconds(90));
    CHECK(ipv6.send(newcomer).size() == 1);
    ipv6.take();  // what was announced meanwhile
    // Who has a flow has its number still.
    const auto in = ipv6.answer_from_outside(Frame()
                                                 .ipv4(kServer, kPublic)
                                                 .tcp(80, syn[0].source_port, kSyn | kAck)
                                                 .seq(7000)
                                                 .ack(1001));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].word(2) == 40000);
}

TEST_CASE("nat64: forged sources that are answered, and answer, keep new hosts out no longer",
          "[packet][nat64][rfc4861]") {
    Ipv6Bed ipv6(with_few_numbers());
    unsigned met = 0;
    for (int i = 0; i < 1500; ++i) {
        std::array<char, 40> source{};
        std::snprintf(source.data(), source.size(), "2001:db8:1::f:%x", i);
        const auto out = ipv6.send(to_server(udp6(4000, 53), source.data()));
        if (out.size() == 1)  // the bed answers solicitations, as who forges the source can
            met += answered(ipv6, out[0].source_port) == source.data();
    }
    CHECK(met > 200);
    const Frame6 newcomer{.source = kOther6, .destination = kServer6, .upper = udp6(5000, 53)};
    CHECK(ipv6.send(newcomer).empty());
    for (int i = 0; i < 180; ++i) {
        ipv6.bed.advance(Duration{500});
        ipv6.settle();
    }
    CHECK(ipv6.send(newcomer).size() == 1);
}

}  // namespace nat64_refuse_test
