// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Static mappings: ports and whole addresses that inside hosts hold for good, in both directions.

#include "catch.h"
#include "testbed.h"

namespace forward_port_test {

using namespace sluice;
using namespace sluice::test;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kWeb = "10.1.0.20";      // its port 80 is public as kPublic:8080
constexpr auto kWhole = "10.1.0.30";    // has an address of its own
constexpr auto kOwn = "198.51.100.30";  // this
constexpr auto kOther = "203.0.113.99";

pool::Forward forward(Protocol protocol, uint16_t external, const char* inside, uint16_t internal) {
    return {protocol,
            {ip(kPublic), Be16::from_host(external)},
            {ip(inside), Be16::from_host(internal)}};
}

TestbedOptions with_mappings(unsigned workers = 1) {
    return {.workers = workers, .configure = [](config::Config& config) {
                config.forwards = {forward(Protocol::Tcp, 8080, kWeb, 80),
                                   forward(Protocol::Udp, 5353, kWeb, 53)};
                config.one_to_one = {{ip(kOwn), ip(kWhole)}};
            }};
}

}  // namespace

TEST_CASE("forward: an outside host reaches the inside port, and hears from the public one",
          "[packet][tcp]") {
    Testbed bed(with_mappings());
    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(40000, 8080, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kServer);
    CHECK(in[0].source_port == 40000);
    CHECK(in[0].destination == kWeb);
    CHECK(in[0].destination_port == 80);
    CHECK(in[0].destination_mac == mac_of(ip(kWeb)));
    CHECK(in[0].ttl == 63);
    CHECK(in[0].checksums_ok());

    const auto out = bed.from_inside(
        Frame().ipv4(kWeb, kServer).tcp(80, 40000, kSyn | kAck).seq(7000).ack(1001));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].source_port == 8080);
    CHECK(out[0].destination == kServer);
    CHECK(out[0].destination_port == 40000);
    CHECK(out[0].checksums_ok());
    CHECK(bed.count(Count::FlowsInward) == 1);
    CHECK(bed.flows() == 1);
}

TEST_CASE("forward: a flow from outside is tracked in full", "[packet][tcp]") {
    Testbed bed(with_mappings());
    const auto from_client = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
        return bed.from_outside(
            Frame().ipv4(kServer, kPublic).tcp(40000, 8080, flags).seq(seq).ack(ack));
    };
    const auto from_web = [&](uint8_t flags, uint32_t seq, uint32_t ack) {
        return bed.from_inside(Frame().ipv4(kWeb, kServer).tcp(80, 40000, flags).seq(seq).ack(ack));
    };
    const auto state = [&] {
        return static_cast<conntrack::TcpState>(bed.only_flow().state.load());
    };
    REQUIRE(from_client(kSyn, 1000, 0).size() == 1);
    CHECK(state() == conntrack::TcpState::SynSent);
    REQUIRE(from_web(kSyn | kAck, 7000, 1001).size() == 1);
    CHECK(state() == conntrack::TcpState::SynRecv);
    REQUIRE(from_client(kAck, 1001, 7001).size() == 1);
    CHECK(state() == conntrack::TcpState::Established);
    CHECK((bed.only_flow().status.load() & conntrack::kAssured) != 0);

    CHECK(from_client(kAck, 900'000'000, 7001).empty());
    CHECK(bed.dropped(Drop::InvalidWindowAbove) == 1);
    CHECK(from_web(kFin | kAck, 7001, 1001).size() == 1);
    CHECK(state() == conntrack::TcpState::FinWait);
}

TEST_CASE("forward: what begins no connection opens none from outside either", "[packet][tcp]") {
    Testbed bed(with_mappings());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(40000, 8080, kFin)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(40000, 8080, kSyn | kAck)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(40000, 8080, kSyn).ttl(1)).empty());
    CHECK(bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(bed.take(Side::Outside).empty());  // nor is anybody told of what meets no flow
    CHECK(bed.flows() == 0);
}

TEST_CASE("forward: the inside host is seen by its public port when it begins itself",
          "[packet][udp]") {
    Testbed bed(with_mappings());
    const auto out = bed.from_inside(Frame().ipv4(kWeb, kServer).udp(53, 4000));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].source_port == 5353);
    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).udp(4000, 5353));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kWeb);
    CHECK(in[0].destination_port == 53);
    CHECK(bed.flows() == 1);
}

TEST_CASE("forward: nobody else is given the public port, not even as its own", "[packet][udp]") {
    Testbed bed(with_mappings());
    const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).udp(5353, 4000));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port != 5353);
    CHECK(bed.count(Count::PortChanged) == 1);
    // The other protocol's port of the same number is free.
    const auto tcp = bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5353, 80, kSyn));
    REQUIRE(tcp.size() == 1);
    CHECK(tcp[0].source_port == 5353);
}

TEST_CASE("forward: a port that no one holds is refused as before", "[packet]") {
    Testbed bed(with_mappings());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(40000, 8081, kSyn)).empty());
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(40000, 8080)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 2);
}

TEST_CASE("forward: one client port reaches an inside port by one public port at a time",
          "[packet][udp]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.forwards = {forward(Protocol::Udp, 1000, kWeb, 53),
                           forward(Protocol::Udp, 2000, kWeb, 53)};
    }});
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(4000, 1000)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(4000, 2000)).empty());
    CHECK(bed.dropped(Drop::EndpointTaken) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(4001, 2000)).size() == 1);
}

TEST_CASE("forward: flows from outside belong to one worker too", "[packet][udp]") {
    Testbed bed(with_mappings(3));
    for (uint16_t client = 4000; client < 4020; ++client)
        for (int packet = 0; packet < 4; ++packet) {  // to each queue in turn
            REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(client, 5353)).size() == 1);
            const auto out = bed.from_inside(Frame().ipv4(kWeb, kServer).udp(53, client));
            REQUIRE(out.size() == 1);
            REQUIRE(out[0].source_port == 5353);
        }
    CHECK(bed.flows() == 20);
    CHECK(bed.count(Count::Handoff) > 0);
}

TEST_CASE("one to one: a host has an address to itself, for every port and both ways",
          "[packet][udp]") {
    Testbed bed(with_mappings());
    const auto out = bed.from_inside(Frame().ipv4(kWhole, kServer).udp(5353, 4000));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kOwn);
    CHECK(out[0].source_port == 5353);

    const auto in = bed.from_outside(Frame().ipv4(kOther, kOwn).tcp(40000, 22, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kWhole);
    CHECK(in[0].destination_port == 22);
    CHECK(in[0].checksums_ok());
    const auto answer = bed.from_inside(
        Frame().ipv4(kWhole, kOther).tcp(22, 40000, kSyn | kAck).seq(7000).ack(1001));
    REQUIRE(answer.size() == 1);
    CHECK(answer[0].source == kOwn);
    CHECK(answer[0].source_port == 22);
}

TEST_CASE("one to one: a ping from outside reaches the host", "[packet][icmp]") {
    Testbed bed(with_mappings());
    const auto in = bed.from_outside(Frame().ipv4(kServer, kOwn).echo_request(77).payload(56));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kWhole);
    CHECK(in[0].icmp_type == 8);
    CHECK(in[0].identifier == 77);
    CHECK(in[0].checksums_ok());
    const auto out = bed.from_inside(Frame().ipv4(kWhole, kServer).echo_reply(77).payload(56));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kOwn);
    CHECK(out[0].identifier == 77);
    CHECK(out[0].checksums_ok());
}

TEST_CASE("one to one: the gateway answers ARP for the address, and refuses it as a source",
          "[packet][arp]") {
    Testbed bed(with_mappings());
    const uint64_t before = bed.count(Count::ArpSent);
    bed.inject(Side::Outside, arp_request(mac_of(ip(kRouter)), ip(kRouter), ip(kOwn)));
    bed.run();
    CHECK(bed.count(Count::ArpSent) - before == 1);
    CHECK(bed.from_outside(Frame().ipv4(kOwn, kPublic).tcp(40000, 8080, kSyn)).empty());
    CHECK(bed.dropped(Drop::OutsideSpoof) == 1);
}

TEST_CASE("forward: a range of ports goes to a range of ports, both ways", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.forwards = {forward(Protocol::Udp, 8000, kWeb, 9000)};
        config.forwards[0].ports = 11;
    }});
    for (const uint16_t offset : {0, 5, 10}) {
        const auto external = static_cast<uint16_t>(8000 + offset);
        const auto internal = static_cast<uint16_t>(9000 + offset);
        const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).udp(40000, external));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination == kWeb);
        CHECK(in[0].destination_port == internal);
        const auto out = bed.from_inside(Frame().ipv4(kWeb, kOther).udp(internal, 53));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source_port == external);
    }
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(40000, 8011)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    // Nobody else is given a port of the range.
    const auto other = bed.from_inside(Frame().ipv4(kHost, kServer).udp(8003, 53));
    REQUIRE(other.size() == 1);
    CHECK(other[0].source_port != 8003);
}

TEST_CASE("forward: only the sources that it names open flows by it", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.forwards = {forward(Protocol::Udp, 8080, kWeb, 80)};
        config.forwards[0].from = {ip("203.0.113.0"), 28};
    }});
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).udp(40000, 8080)).empty());
    CHECK(bed.dropped(Drop::Filtered) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(40000, 8080)).size() == 1);
    // Nor does an inside host, which is not of them.
    CHECK(bed.from_inside(Frame().ipv4(kHost, kPublic).udp(40000, 8080)).empty());
    CHECK(bed.dropped(Drop::Filtered) == 2);
    // The host itself talks to whom it wants, and is answered.
    const auto out = bed.from_inside(Frame().ipv4(kWeb, kOther).udp(80, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == 8080);
    CHECK(bed.from_outside(Frame().ipv4(kOther, kPublic).udp(53, 8080)).size() == 1);
}

TEST_CASE("one to one: a prefix gives each inside host its address", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.one_to_one = {{ip("203.0.114.0"), ip("10.1.0.0"), 28}};
    }});
    const auto in = bed.from_outside(Frame().ipv4(kServer, "203.0.114.9").tcp(40000, 22, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.9");
    CHECK(in[0].destination_port == 22);
    const auto out = bed.from_inside(Frame().ipv4("10.1.0.14", kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == "203.0.114.14");
    // .16 is of no pair, and .0 and .1 (the gateway's own) have nothing.
    const auto beyond = bed.from_inside(Frame().ipv4("10.1.0.16", kServer).udp(5000, 53));
    REQUIRE(beyond.size() == 1);
    CHECK(beyond[0].source == kPublic);
    for (const char* address : {"203.0.114.0", "203.0.114.1", "203.0.114.16"})
        CHECK(bed.from_outside(Frame().ipv4(kServer, address).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::NotOurs) == 3);
}

TEST_CASE("forward: who sends to his own public endpoint, from the port behind it, is told so",
          "[packet]") {
    Testbed bed(with_mappings());
    CHECK(bed.from_inside(Frame().ipv4(kWhole, kOwn).udp(5000, 5000)).empty());
    CHECK(bed.from_inside(Frame().ipv4(kWhole, kOwn).protocol(47)).empty());
    CHECK(bed.dropped(Drop::EndpointTaken) == 2);
    CHECK(bed.flows() == 0);
}

}  // namespace forward_port_test
