// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Limits: what one inside host may have, and what goes when the table is full.

#include "catch.h"
#include "testbed.h"

namespace limits_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kFlooder = "10.1.0.66";
constexpr uint32_t kFlows = 64;

Frame syn(const char* host, uint16_t port) {
    return Frame().ipv4(host, kServer).tcp(port, 80, kSyn).seq(1000);
}

/// Opens a TCP connection and assures it.
void connect(Testbed& bed, const char* host, uint16_t port) {
    REQUIRE(bed.from_inside(syn(host, port)).size() == 1);
    const auto back = [&](uint8_t flags) {
        return Frame().ipv4(kServer, kPublic).tcp(80, port, flags).seq(7000).ack(1001);
    };
    REQUIRE(bed.from_outside(back(kSyn | kAck)).size() == 1);
    REQUIRE(bed.from_inside(Frame().ipv4(host, kServer).tcp(port, 80, kAck).seq(1001).ack(7001))
                .size() == 1);
}

bool answers(Testbed& bed, uint16_t port) {
    return bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(80, port, kAck).seq(7001).ack(1001))
               .size() == 1;
}

uint64_t ended(const Testbed& bed) {
    return bed.count(Count::FlowsClosed) + bed.count(Count::FlowsExpired) +
           bed.count(Count::FlowsDeleted) + bed.count(Count::EarlyDropped);
}

TestbedOptions limited(uint32_t flows, uint32_t rate) {
    return {.configure = [=](config::Config& config) { config.host_limits = {flows, rate}; }};
}

}  // namespace

TEST_CASE("limits: a host has no more than --max-flows-per-host, others are not touched",
          "[packet][limits]") {
    Testbed bed(limited(5, 0));
    for (uint16_t port = 5000; port < 5005; ++port)
        REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(6000, 53)).empty());
    CHECK(bed.dropped(Drop::HostFlows) == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.11", kServer).udp(6000, 53)).size() == 1);
    CHECK(bed.flows() == 6);
    bed.advance(Duration::seconds(35));  // they expire, and the host may open others
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(6000, 53)).size() == 1);
}

TEST_CASE("limits: a host opens no more than --max-new-flows-per-second-per-host",
          "[packet][limits]") {
    Testbed bed(limited(0, 4));
    bed.tick(Duration{1000 - static_cast<int32_t>(bed.now().milliseconds % 1000)});
    for (uint16_t port = 5000; port < 5010; ++port)
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53));
    CHECK(bed.flows() == 4);
    CHECK(bed.dropped(Drop::HostRate) == 6);
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.11", kServer).udp(5000, 53)).size() == 1);
    bed.tick(Duration::seconds(1));
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5009, 53)).size() == 1);
}

TEST_CASE("limits: what outside hosts open to a host does not use up what it may open itself",
          "[packet][limits]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.host_limits = {2, 2};
        config.forwards = {{net::Protocol::Udp,
                            {ip(kPublic), Be16::from_host(53)},
                            {ip(kHost), Be16::from_host(53)}}};
    }});
    bed.tick(Duration{1000 - static_cast<int32_t>(bed.now().milliseconds % 1000)});
    for (uint16_t port = 7000; port < 7020; ++port)
        REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(port, 53)).size() == 1);
    for (uint16_t port = 5000; port < 5002; ++port)
        CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5002, 53)).empty());
    CHECK(bed.dropped(Drop::HostFlows) == 1);
    bed.advance(Duration::seconds(35));  // all are over, on both counts
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5002, 53)).size() == 1);
}

TEST_CASE("limits: flows that end in any way are counted off their host", "[packet][limits]") {
    Testbed bed(limited(2, 0));
    const auto opens = [&](uint16_t port) { return bed.from_inside(syn(kHost, port)).size() == 1; };
    REQUIRE((opens(5000) && opens(5001) && !opens(5002)));
    // By a packet: the server refuses.
    bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(80, 5000, kRst | kAck).seq(0).ack(1001));
    bed.advance(Duration::seconds(15));
    REQUIRE((opens(5002) && !opens(5003)));
    // By an operator.
    {
        flow::Member member(bed.gateway().table());
        const auto flow = bed.gateway().table().find({ip(kHost),
                                                      ip(kServer),
                                                      Be16::from_host(5002),
                                                      Be16::from_host(80),
                                                      net::Protocol::Tcp,
                                                      {}},
                                                     bed.now());
        REQUIRE(flow);
        REQUIRE(member.kill(flow.index(), bed.gateway().table().record(flow).life.load()));
    }
    REQUIRE((opens(5003) && !opens(5004)));
    // By its deadline.
    bed.advance(Duration::seconds(125));
    CHECK(opens(5004));
}

TEST_CASE("limits: a full table lets a half-open flow of the heaviest host go for a new one",
          "[packet][limits]") {
    Testbed bed({.flows = kFlows});
    for (uint16_t port = 1; port <= kFlows - 2; ++port)
        REQUIRE(bed.from_inside(syn(kFlooder, static_cast<uint16_t>(20000 + port))).size() == 1);
    REQUIRE(bed.from_inside(syn("10.1.0.11", 5000)).size() == 1);
    REQUIRE(bed.from_inside(syn("10.1.0.12", 5001)).size() == 1);
    CHECK(bed.flows() == kFlows);

    CHECK(bed.from_inside(syn("10.1.0.13", 5002)).size() == 1);
    CHECK(bed.count(Count::EarlyDropped) == 1);
    CHECK(bed.dropped(Drop::TableFull) == 0);
    CHECK(bed.flows() == kFlows);
    for (const auto& [port, host] : {std::pair(5000, "10.1.0.11"), std::pair(5001, "10.1.0.12")})
        CHECK(bed.from_inside(syn(host, static_cast<uint16_t>(port))).size() == 1);
    CHECK(bed.count(Count::FlowsOpened) == kFlows + 1);  // theirs were still there
}

TEST_CASE("limits: an assured flow never goes for a new one", "[packet][limits]") {
    Testbed bed({.flows = 16});
    for (uint16_t port = 5000; port < 5016; ++port)
        connect(bed, kHost, port);
    CHECK(bed.from_inside(syn("10.1.0.11", 6000)).empty());
    CHECK(bed.dropped(Drop::TableFull) == 1);
    CHECK(bed.count(Count::EarlyDropped) == 0);
    for (uint16_t port = 5000; port < 5016; ++port)
        CHECK(answers(bed, port));
}

TEST_CASE("limits: a SYN flood from one host costs the others nothing", "[packet][limits]") {
    Testbed bed({.workers = GENERATE(1u, 2u), .flows = 512});
    for (uint16_t port = 5000; port < 5020; ++port)
        connect(bed, kHost, port);

    uint16_t next = 10000;
    unsigned opened = 0;
    for (unsigned round = 0; round < 100; ++round) {
        for (unsigned i = 0; i < 64; ++i)
            bed.inject(Side::Inside, syn(kFlooder, next++)
                                         .ether(mac_of(ip(kFlooder)), bed.port(Side::Inside).mac())
                                         .bytes());
        bed.run();
        bed.take(Side::Outside);
        const auto port = static_cast<uint16_t>(2000 + round);
        opened += bed.from_inside(syn("10.1.0.12", port)).size() == 1;
    }
    CHECK(opened == 100);
    CHECK(bed.count(Count::EarlyDropped) > 100);
    CHECK(bed.flows() <= 512 + 128);
    for (uint16_t port = 5000; port < 5020; ++port)
        CHECK(answers(bed, port));
    CHECK(bed.count(Count::FlowsOpened) - ended(bed) == bed.flows());
}

TEST_CASE("limits: every flow that ends is counted once, by what ended it", "[packet][limits]") {
    Testbed bed({.flows = 32});
    for (unsigned round = 0; round < 200; ++round) {
        for (unsigned i = 0; i < 8; ++i)
            bed.from_inside(Frame()
                                .ipv4("10.1.0." + std::to_string(2 + round % 7), kServer)
                                .udp(static_cast<uint16_t>(2000 + (round * 31 + i * 7) % 61), 53));
        bed.tick(Duration{static_cast<int32_t>(round * 1237 % 9000)});
        REQUIRE(bed.count(Count::FlowsOpened) - ended(bed) == bed.flows());
    }
    CHECK(bed.count(Count::EarlyDropped) > 0);
    CHECK(bed.count(Count::FlowsExpired) > 0);
}

TEST_CASE("limits: hosts that the host table has no room for are forwarded, and counted",
          "[packet][limits]") {
    Testbed bed({.flows = 4});
    REQUIRE(bed.gateway().hosts().capacity() == 4);
    for (int host = 1; host <= 4; ++host)
        REQUIRE(bed.from_inside(syn(("10.1.0.1" + std::to_string(host)).c_str(), 5000)).size() ==
                1);
    CHECK(bed.count(Count::HostsFull) == 0);
    CHECK(bed.from_inside(syn("10.1.0.20", 5000)).size() == 1);
    CHECK(bed.count(Count::HostsFull) == 1);
}

TEST_CASE("limits: mappings by which no flow goes make room for new flows in a full table",
          "[packet][limits][mapping]") {
    Testbed bed({.flows = 64, .configure = [](config::Config& config) {
                     config.inside.clear();
                     config.pool.clear();
                     config.snat = {{.inside = {ip("10.1.0.0"), 24},
                                     .addresses = {{ip(kPublic), ip(kPublic)}},
                                     .independence =
                                         nat::Independence{{{net::Protocol::Udp}}, {1024, 65535}}}};
                 }});
    // One host's endpoints, whose flows are over and whose mappings would live for minutes.
    for (uint16_t port = 5000; port < 5200; ++port) {
        bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53));
        if (port % 16 == 0)
            bed.advance(Duration::seconds(33));
    }
    REQUIRE(bed.flows() >= 64);
    unsigned opened = 0;
    for (uint16_t port = 6000; port < 6016; ++port)
        opened += bed.from_inside(Frame().ipv4("10.1.0.11", kServer).tcp(port, 80, kSyn)).size();
    CHECK(opened == 16);
    CHECK(bed.count(stats::Count::EarlyDropped) >= 16);
}

}  // namespace limits_test
