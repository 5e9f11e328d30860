// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// One port for both sides, as on a machine in a cloud: the router there sends what comes from
/// inside, and takes everything back. Which way a packet goes is told by its addresses.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "testbed.h"

namespace one_armed_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kOther = "198.51.100.2";  // public as well, and nobody's own
constexpr auto kWeb = "10.1.0.20";       // its port 80 is public as kPublic:8080

void configure(config::Config& config) {
    config.lans[0].own = config.wans[0].own;
    config.pool = {{ip(kPublic), ip(kOther)}};
    config.forwards = {
        {Protocol::Tcp, {ip(kPublic), Be16::from_host(8080)}, {ip(kWeb), Be16::from_host(80)}}};
}

struct Arm {
    Testbed bed{{.is_one_armed = true, .configure = configure}};

    /// The router sends a frame. Returns what it gets.
    std::vector<Seen> send(Frame frame) {
        bed.inject(Side::Outside, frame.ether(mac_of(ip(kRouter)), mac(0x22)).bytes());
        bed.run();
        return bed.take(Side::Outside);
    }
    Seen sent_on(const Frame& frame) {
        const std::vector<Seen> seen = send(frame);
        REQUIRE(seen.size() == 1);
        return seen[0];
    }
};

}  // namespace

TEST_CASE("one-armed: a flow leaves by the port that it came by, and so does its reply",
          "[packet]") {
    Arm arm;
    const Seen out = arm.sent_on(Frame().ipv4(kHost, kServer).udp(5000, 53).payload(9));
    CHECK(out.source.starts_with("198.51.100."));
    CHECK(out.destination == kServer);
    const Seen back =
        arm.sent_on(Frame().ipv4(kServer, out.source.c_str()).udp(53, out.source_port).payload(9));
    CHECK(back.source == kServer);
    CHECK(back.destination == kHost);
    CHECK(back.destination_port == 5000);
    CHECK(arm.bed.flows() == 1);
}

TEST_CASE("one-armed: what no flow explains is neither sent on nor sent back", "[packet]") {
    Arm arm;
    CHECK(arm.send(Frame().ipv4(kHost, kServer).tcp(5000, 80, kFin | kAck)).empty());
    CHECK(arm.bed.dropped(Drop::InvalidUntrackedFin) == 1);
    CHECK(arm.send(Frame().ipv4(kServer, kPublic).tcp(80, 5000, kFin | kAck)).empty());
    CHECK(arm.bed.dropped(Drop::NoMapping) == 1);
    CHECK(arm.send(Frame().ipv4(kHost, kWeb).udp(5000, 53)).empty());
    CHECK(arm.bed.dropped(Drop::InsideDestination) == 1);
}

TEST_CASE("one-armed: what is neither from inside nor to a public address is refused by name",
          "[packet]") {
    Arm arm;
    CHECK(arm.send(Frame().ipv4("192.0.2.7", kServer).udp(5000, 53)).empty());
    CHECK(arm.send(Frame().ipv4(kServer, kHost).udp(53, 5000)).empty());
    CHECK(arm.bed.dropped(Drop::NoRealm) == 2);
}

TEST_CASE("one-armed: a public source is spoofed", "[packet]") {
    Arm arm;
    CHECK(arm.send(Frame().ipv4(kOther, kServer).udp(5000, 53)).empty());
    CHECK(arm.bed.dropped(Drop::OutsideSpoof) == 1);
    CHECK(arm.send(Frame().ipv4(kPublic, kServer).udp(5000, 53)).empty());
    CHECK(arm.bed.dropped(Drop::MartianSource) == 1);
}

TEST_CASE("one-armed: a forward is reached from outside, and from inside as a hairpin",
          "[packet]") {
    Arm arm;
    CHECK(arm.sent_on(Frame().ipv4(kServer, kPublic).tcp(5000, 8080, kSyn)).destination == kWeb);
    const Seen hairpin = arm.sent_on(Frame().ipv4(kHost, kPublic).tcp(5000, 8080, kSyn));
    CHECK(hairpin.destination == kWeb);
    CHECK(hairpin.source.starts_with("198.51.100."));
    CHECK(arm.bed.count(Count::FlowsHairpinned) == 1);
    CHECK(arm.bed.count(Count::FlowsInward) == 1);
}

TEST_CASE("one-armed: the gateway answers pings from either side", "[packet]") {
    Arm arm;
    CHECK(arm.sent_on(Frame().ipv4(kHost, kPublic).echo_request(7)).destination == kHost);
    CHECK(arm.sent_on(Frame().ipv4(kRouter, kPublic).echo_request(7)).destination == kRouter);
    CHECK(arm.bed.count(Count::EchoReplies) == 2);
}

TEST_CASE("one-armed: the sender learns where the TTL ran out", "[packet]") {
    Arm arm;
    const Seen error = arm.sent_on(Frame().ipv4(kHost, kServer).ttl(1).udp(5000, 53));
    CHECK(error.icmp_type == 11);
    CHECK(error.source == kPublic);
    CHECK(error.destination == kHost);
}

TEST_CASE("one-armed: IPv6 hosts of the wire reach IPv4, and IPv4 hosts do as before",
          "[packet][nat64]") {
    Ipv6Bed ipv6({.is_one_armed = true, .configure = [](config::Config& config) {
                      configure(config);
                      serve_ipv6(config);
                  }});
    const auto ask = [&](Upper upper) {
        const auto out =
            ipv6.send({.source = kHost6, .destination = kServer6, .upper = std::move(upper)});
        REQUIRE(out.size() == 1);
        CHECK(out[0].source.starts_with("198.51.100."));
        CHECK(out[0].destination == kServer);
        CHECK(out[0].destination_mac == mac_of(ip(kRouter)));
        CHECK(out[0].checksums_ok());
        return out[0];
    };
    SECTION("UDP") {
        const Seen out = ask(udp6(5000, 53));
        const auto in = ipv6.answer_from_outside(
            Frame().ipv4(kServer, out.source.c_str()).udp(53, out.source_port).payload(9));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination == kHost6);
        CHECK(in[0].destination_mac == mac_of6(kHost6));
        CHECK(in[0].word(2) == 5000);
        CHECK(in[0].checksum_ok);
    }
    SECTION("TCP") {
        const Seen syn = ask(tcp6(40000, 80, kSyn, 1000, 0));
        const auto in = ipv6.answer_from_outside(Frame()
                                                     .ipv4(kServer, syn.source.c_str())
                                                     .tcp(80, syn.source_port, kSyn | kAck)
                                                     .seq(7000)
                                                     .ack(1001));
        REQUIRE(in.size() == 1);
        CHECK(in[0].transport.at(13) == (kSyn | kAck));
        const Seen data = ask(tcp6(40000, 80, kAck | kPsh, 1001, 7001, Bytes(100, 1)));
        CHECK(data.source_port == syn.source_port);
        CHECK(ipv6.bed.flows() == 1);
    }
    SECTION("IPv4") {
        ipv6.bed.inject(Side::Outside, Frame()
                                           .ether(mac_of(ip(kRouter)), ipv6.gateway_mac())
                                           .ipv4(kHost, kServer)
                                           .udp(5000, 53)
                                           .bytes());
        ipv6.bed.run();
        CHECK(ipv6.bed.take(Side::Outside).size() == 1);
    }
}

TEST_CASE("one-armed: neither side uses the number of an IPv6 host", "[packet][nat64]") {
    Ipv6Bed ipv6({.is_one_armed = true, .configure = [](config::Config& config) {
                      configure(config);
                      serve_ipv6(config);
                  }});
    REQUIRE(
        ipv6.send({.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53)}).size() ==
        1);
    const MacAddress own = ipv6.gateway_mac();
    for (const auto& [source, destination] :
         {std::pair("198.18.0.20", kServer), std::pair(kServer, "198.18.0.20")})
        ipv6.bed.inject(Side::Outside, Frame()
                                           .ether(mac_of(ip(kRouter)), own)
                                           .ipv4(source, destination)
                                           .udp(5000, 53)
                                           .bytes());
    ipv6.settle();
    CHECK(ipv6.bed.dropped(Drop::Ipv6Number) == 2);
}

}  // namespace one_armed_test
