// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What the gateway does in its own name: TTL, size, pings to it, time, neighbours that are gone.

#include "catch.h"
#include "testbed.h"

namespace gateway_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

/// Opens a UDP flow from kHost, port 5000, to kServer, port 53.
void open_udp(Testbed& bed) {
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
}

}  // namespace

TEST_CASE("gateway: a first packet with TTL 1 is answered and leaves no flow", "[packet][icmp]") {
    Testbed bed;
    const Frame probe = Frame().ipv4(kHost, kServer).udp(33434, 33434).ttl(1).payload(32);
    CHECK(bed.from_inside(probe).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == "10.1.0.1");
    CHECK(in[0].destination == kHost);
    CHECK(in[0].icmp_type == 11);
    CHECK(in[0].icmp_code == 0);
    CHECK(in[0].checksums_ok());
    CHECK(in[0].payload == probe.ip_bytes());  // as it arrived
    CHECK(bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("gateway: a reply with TTL 1 still advances its flow, and shows no inside address",
          "[packet][icmp][leak]") {
    Testbed bed;
    open_udp(bed);
    const Frame reply = Frame().ipv4(kServer, kPublic).udp(53, 5000).ttl(1);
    CHECK(bed.from_outside(reply).empty());
    const auto out = bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].icmp_type == 11);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].destination == kServer);
    CHECK(out[0].payload == reply.ip_bytes());
    CHECK((bed.only_flow().status.load() & conntrack::kSeenReply) != 0);
}

TEST_CASE("gateway: a packet above the MTU with DF is told the MTU", "[packet][icmp]") {
    Testbed bed;
    const auto big = [] { return Frame().ipv4(kHost, kServer).udp(5000, 53).payload(1473); };
    CHECK(bed.from_inside(big().dont_fragment()).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].icmp_type == 3);
    CHECK(in[0].icmp_code == 4);
    CHECK(in[0].echo_sequence == 1500);
    CHECK(bed.dropped(Drop::TooBig) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("gateway: a sender outside is told the MTU of the inside", "[packet][icmp]") {
    Testbed bed({.inside_mtu = 1400});
    open_udp(bed);
    const Frame large = Frame().ipv4(kServer, kPublic).udp(53, 5000).dont_fragment().payload(1373);
    CHECK(bed.from_outside(large).empty());
    const auto out = bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].icmp_type == 3);
    CHECK(out[0].icmp_code == 4);
    CHECK(out[0].echo_sequence == 1400);
    CHECK(out[0].source == kPublic);
    CHECK(out[0].destination == kServer);
    CHECK(bed.dropped(Drop::TooBig) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(1372)).size() == 1);
}

TEST_CASE("gateway: ICMP errors are limited in all, by a number that nobody knows",
          "[packet][icmp]") {
    Testbed bed({.configure = [](config::Config& config) { config.icmp_rate = 50; }});
    for (int i = 0; i < 200; ++i)
        bed.from_inside(
            Frame().ipv4("10.1.0." + std::to_string(2 + i), kServer).udp(5000, 53).ttl(1));
    const uint64_t sent = bed.take(Side::Inside).size();
    CHECK(sent >= 25);  // a token is taken for each on average, none or two by chance
    CHECK(sent <= 100);
    CHECK(bed.count(Count::IcmpSuppressed) == 200 - sent);
    CHECK(bed.dropped(Drop::TtlExceeded) == 200);
}

TEST_CASE("gateway: one host's expired packets take no ICMP error from another", "[packet][icmp]") {
    Testbed bed;
    for (int i = 0; i < 1000; ++i)
        bed.from_inside(Frame().ipv4("10.1.0.66", kServer).udp(5000, 53).ttl(1));
    CHECK(bed.take(Side::Inside).size() == 10);
    for (int i = 0; i < 10; ++i)
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53).ttl(1));
    CHECK(bed.take(Side::Inside).size() == 10);
    for (int i = 0; i < 100; ++i)
        bed.from_inside(
            Frame().ipv4("10.1.0.66", kServer).udp(5000, 53).dont_fragment().payload(1473));
    const auto told = bed.take(Side::Inside);
    REQUIRE(told.size() == 100);  // without it the host's connections would hang
    CHECK(told[0].icmp_code == 4);
}

TEST_CASE("gateway: what an outside host is told does not say what another has been told",
          "[packet][icmp][saddns]") {
    constexpr auto kAttacker = "203.0.113.66";
    const bool hits = GENERATE(false, true);
    Testbed bed({.configure = [](config::Config& config) {
        config.forwards = {{net::Protocol::Udp,
                            {ip(kPublic), Be16::from_host(7000)},
                            {ip("10.1.0.20"), Be16::from_host(7000)}}};
    }});
    open_udp(bed);  // from port 5000, by the same port outside
    const Frame own = Frame().ipv4(kAttacker, kPublic).udp(40000, 7000);
    REQUIRE(bed.from_outside(own).size() == 1);
    for (int i = 0; i < 500; ++i)  // in the server's name
        bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, hits ? 5000 : 5001).ttl(1));
    CHECK((bed.take(Side::Outside).size() != 0) == hits);
    for (int i = 0; i < 100; ++i)
        bed.from_outside(Frame(own).ttl(1));
    CHECK(bed.take(Side::Outside).size() == 10);
}

TEST_CASE("gateway: nobody outside has an ICMP error for a packet that meets no flow",
          "[packet][icmp][saddns]") {
    const auto forward = [](config::Config& config) {
        config.forwards = {{net::Protocol::Udp,
                            {ip(kPublic), Be16::from_host(7000)},
                            {ip(kHost), Be16::from_host(7000)}}};
    };
    Testbed bed({.inside_mtu = 1400, .configure = forward});
    const auto knock = [] { return Frame().ipv4(kServer, kPublic).udp(53, 7000); };
    bed.from_outside(knock().ttl(1));
    bed.from_outside(knock().dont_fragment().payload(1400));
    CHECK(bed.dropped(Drop::TtlExceeded) == 1);
    CHECK(bed.dropped(Drop::TooBig) == 1);
    CHECK(bed.take(Side::Outside).empty());
    CHECK(bed.count(Count::IcmpSuppressed) == 0);  // nor is anybody's budget touched

    REQUIRE(bed.from_outside(knock()).size() == 1);  // opens a flow
    bed.from_outside(knock().ttl(1));
    CHECK(bed.take(Side::Outside).size() == 1);
}

TEST_CASE("gateway: pings to its own addresses are answered, on the side they came from",
          "[packet][icmp]") {
    Testbed bed;
    CHECK(bed.from_inside(Frame().ipv4(kHost, "10.1.0.1").echo_request(5).payload(56)).empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].icmp_type == 0);
    CHECK(in[0].source == "10.1.0.1");
    CHECK(in[0].destination == kHost);
    CHECK(in[0].payload.size() == 56);
    CHECK(in[0].checksums_ok());

    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).echo_request(6)).empty());
    const auto out = bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].icmp_type == 0);
    CHECK(out[0].destination == kServer);
    CHECK(bed.count(Count::EchoReplies) == 2);
}

TEST_CASE("gateway: a flow ends at its deadline, and a reply after it finds nothing",
          "[packet][udp]") {
    Testbed bed;
    open_udp(bed);
    bed.advance(Duration::seconds(29));
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).size() == 1);
    bed.advance(Duration{29'000});
    CHECK(bed.flows() == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).size() == 1);
    bed.advance(Duration::seconds(121));  // a stream by now
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    bed.advance(Duration::seconds(5));
    CHECK(bed.flows() == 0);
    CHECK(bed.count(Count::FlowsExpired) == 1);
}

TEST_CASE("gateway: an expired flow that a new one replaces is counted as expired",
          "[packet][udp]") {
    Testbed bed;
    open_udp(bed);
    bed.advance(Duration{30'500});  // the control core gives it two seconds more
    CHECK(bed.count(Count::FlowsExpired) == 0);
    open_udp(bed);
    CHECK(bed.count(Count::FlowsOpened) == 2);
    CHECK(bed.count(Count::FlowsExpired) == 1);
    CHECK(bed.flows() == 1);
    bed.advance(Duration::seconds(40));
    CHECK(bed.flows() == 0);
    CHECK(bed.count(Count::FlowsExpired) == 2);
}

TEST_CASE("gateway: room comes back when flows expire", "[packet][udp]") {
    Testbed bed({.flows = 16});
    for (int round = 0; round < 3; ++round) {
        for (uint16_t port = 5000; port < 5016; ++port)
            REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
        bed.advance(Duration::seconds(35));
        CHECK(bed.flows() == 0);
    }
}

TEST_CASE("gateway: a RST that answers a SYN passes and ends the flow", "[packet][tcp]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, kSyn)).size() == 1);
    const Frame refusal =
        Frame().ipv4(kServer, kPublic).tcp(80, 40000, kRst | kAck).seq(0).ack(1001);
    REQUIRE(bed.from_outside(refusal).size() == 1);
    bed.advance(Duration::seconds(15));
    CHECK(bed.flows() == 0);
}

TEST_CASE("gateway: a neighbour that does not answer costs its packets, by name", "[packet][arp]") {
    Testbed bed;
    bed.silent.insert("198.51.100.40");
    for (int i = 0; i < 68; ++i)
        CHECK(bed.from_inside(Frame().ipv4(kHost, "198.51.100.40").udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::NeighbourQueueFull) == 4);
    bed.advance(Duration::seconds(4));
    CHECK(bed.dropped(Drop::NeighbourFailed) == 64);
    CHECK(bed.from_inside(Frame().ipv4(kHost, "198.51.100.40").udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::NeighbourFailed) == 65);
}

TEST_CASE("gateway: a host is told that its packet's next hop does not answer",
          "[packet][icmp][arp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    bed.silent.insert("198.51.100.40");
    REQUIRE(bed.from_inside(Frame().ipv4("10.1.0.11", kServer).udp(5000, 53)).size() == 1);
    const Frame packet = Frame().ipv4(kHost, "198.51.100.40").udp(5000, 53).payload(20).id(7);
    CHECK(bed.from_inside(packet).empty());
    bed.advance(Duration::seconds(4));
    for (const bool at_once : {false, true}) {
        CAPTURE(at_once);
        if (at_once)
            CHECK(bed.from_inside(packet).empty());
        const auto in = bed.take(Side::Inside);
        REQUIRE(in.size() == 1);
        CHECK(in[0].source == "10.1.0.1");
        CHECK(in[0].destination == kHost);
        CHECK(in[0].destination_mac == mac_of(ip(kHost)));
        CHECK(in[0].icmp_type == 3);
        CHECK(in[0].icmp_code == 1);
        CHECK(in[0].checksums_ok());
        CHECK(in[0].payload == Frame(packet).ttl(63).ip_bytes());
    }
    CHECK(bed.dropped(Drop::NeighbourFailed) == 2);
    CHECK(bed.count(Count::IcmpErrors) == 2);
}

TEST_CASE("gateway: a sender outside is told, too, and of no inside address",
          "[packet][icmp][arp][leak]") {
    Testbed bed({.configure = [](config::Config& config) { config.icmp_rate = 1000; }});
    open_udp(bed);
    bed.silent.insert(kHost);
    const Frame reply = Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(20).id(7);
    std::vector<Seen> told;
    for (int i = 0; i < 40 && told.empty(); ++i) {  // until its MAC is forgotten
        CHECK(bed.count(Count::IcmpErrors) == 0);
        bed.from_outside(reply);
        bed.advance(Duration::seconds(2));
        told = bed.take(Side::Outside);
    }
    REQUIRE_FALSE(told.empty());
    CHECK(told[0].source == kPublic);
    CHECK(told[0].destination == kServer);
    CHECK(told[0].icmp_type == 3);
    CHECK(told[0].icmp_code == 1);
    CHECK(told[0].checksums_ok());
    CHECK(told[0].payload == Frame(reply).ttl(63).ip_bytes());
}

TEST_CASE("gateway: host unreachable counts against --icmp-rate", "[packet][icmp][arp]") {
    Testbed bed({.configure = [](config::Config& config) { config.icmp_rate = 0; }});
    bed.silent.insert("198.51.100.40");
    CHECK(bed.from_inside(Frame().ipv4(kHost, "198.51.100.40").udp(5000, 53)).empty());
    bed.advance(Duration::seconds(4));
    CHECK(bed.take(Side::Inside).empty());
    CHECK(bed.count(Count::IcmpSuppressed) == 1);
    CHECK(bed.dropped(Drop::NeighbourFailed) == 1);
}

TEST_CASE("gateway: packets wait for their neighbour, then leave in order", "[packet][arp]") {
    Testbed bed;
    bed.silent.insert("198.51.100.40");
    for (uint16_t id = 1; id <= 5; ++id)
        bed.from_inside(Frame().ipv4(kHost, "198.51.100.40").udp(5000, 53).id(id));
    CHECK(bed.gateway().snapshot().held() == 5);
    bed.silent.clear();
    bed.advance(Duration::seconds(2));  // the next request is answered
    const auto out = bed.take(Side::Outside);
    REQUIRE(out.size() == 5);
    for (uint16_t id = 1; id <= 5; ++id)
        CHECK(out[id - 1u].id == id);
}

TEST_CASE("gateway: it answers ARP for its own and its pool addresses, and for no other",
          "[packet][arp]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.pool = {{ip("198.51.100.1"), ip("198.51.100.4")}};
    }});
    const auto ask = [&](Side side, const char* sender, const char* target) {
        const uint64_t before = bed.count(Count::ArpSent);
        bed.inject(side, arp_request(mac_of(ip(sender)), ip(sender), ip(target)));
        bed.run();
        return bed.count(Count::ArpSent) - before;
    };
    CHECK(ask(Side::Inside, kHost, "10.1.0.1") == 1);
    CHECK(ask(Side::Outside, kRouter, "198.51.100.1") == 1);
    CHECK(ask(Side::Outside, kRouter, "198.51.100.4") == 1);
    CHECK(ask(Side::Outside, kRouter, "198.51.100.5") == 0);
    CHECK(ask(Side::Outside, kRouter, "10.1.0.1") == 0);
    CHECK(ask(Side::Inside, kHost, "198.51.100.1") == 0);
}

}  // namespace gateway_test
