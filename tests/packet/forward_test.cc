// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Traffic that ought to pass, there and back.

#include "catch.h"
#include "testbed.h"

namespace forward_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

TEST_CASE("forward: a SYN leaves from the public address with its own port", "[packet][tcp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto out =
        bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, 80, kSyn).ttl(64).payload(5));
    REQUIRE(out.size() == 1);
    CHECK(summary(out[0]) == "tcp 198.51.100.1:40000 > 203.0.113.10:80 flags=S ttl=63 payload=5");
    CHECK(out[0].checksums_ok());
    CHECK(out[0].destination_mac == mac_of(ip(kRouter)));
    CHECK(out[0].source_mac == bed.port(Side::Outside).mac());
    CHECK(bed.flows() == 1);
}

TEST_CASE("forward: a whole TCP life passes in both directions and is tracked", "[packet][tcp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    using conntrack::TcpState;
    uint32_t host = 1000;  // next sequence numbers
    uint32_t server = 7000;
    const auto length = [](uint8_t flags) -> uint32_t { return (flags & (kSyn | kFin)) != 0; };
    const auto there = [&](uint8_t flags) {
        const auto out = bed.from_inside(
            Frame().ipv4(kHost, kServer).tcp(40000, 80, flags).seq(host).ack(server));
        REQUIRE(out.size() == 1);
        CHECK(out[0].checksums_ok());
        host += length(flags);
    };
    const auto back = [&](uint8_t flags) {
        const auto in = bed.from_outside(
            Frame().ipv4(kServer, kPublic).tcp(80, 40000, flags).seq(server).ack(host));
        REQUIRE(in.size() == 1);
        CHECK(summary(in[0]).substr(0, 41) == "tcp 203.0.113.10:80 > 10.1.0.10:40000 fla");
        CHECK(in[0].checksums_ok());
        server += length(flags);
    };
    const auto expect = [&](TcpState state) {
        CHECK(static_cast<TcpState>(bed.only_flow().state.load()) == state);
    };

    there(kSyn);
    expect(TcpState::SynSent);
    back(kSyn | kAck);
    expect(TcpState::SynRecv);
    there(kAck);
    expect(TcpState::Established);
    back(kAck | kPsh);
    there(kAck);
    there(kFin | kAck);
    expect(TcpState::FinWait);
    back(kAck);
    expect(TcpState::CloseWait);
    back(kFin | kAck);
    expect(TcpState::LastAck);
    there(kAck);
    expect(TcpState::TimeWait);
}

TEST_CASE("forward: UDP is answered through the same flow", "[packet][udp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53).payload(30)).size() == 1);
    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000).payload(99));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].destination_port == 5000);
    CHECK(in[0].checksums_ok());
    CHECK(bed.flows() == 1);
}

TEST_CASE("forward: IP options pass as they are, in both directions", "[packet]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const Bytes alert = GENERATE(Bytes{148, 4, 0, 0}, Bytes(40, 1));
    const auto there = [&](uint8_t flags) {
        return Frame().ipv4(kHost, kServer).tcp(40000, 80, flags).ip_options(alert).payload(7);
    };
    REQUIRE(bed.from_inside(Frame().ipv4("10.1.0.11", kServer).tcp(40000, 80, kSyn)).size() == 1);
    bed.inject(Side::Inside,
               there(kSyn).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()).bytes());
    bed.run();
    const auto frames = bed.take_frames(Side::Outside);
    REQUIRE(frames.size() == 1);
    const Seen out = read(frames[0]);
    CHECK(out.source == kPublic);
    CHECK(out.source_port != 40000);
    CHECK(out.ttl == 63);
    CHECK(out.checksums_ok());
    CHECK(Bytes(frames[0].begin() + 34, frames[0].begin() + 34 + static_cast<long>(alert.size())) ==
          alert);
    // The tracker has counted the data behind the options, and no more.
    const auto in = bed.from_outside(Frame()
                                         .ipv4(kServer, kPublic)
                                         .tcp(80, out.source_port, kSyn | kAck)
                                         .ip_options(alert)
                                         .seq(7000)
                                         .ack(1000 + 1 + 7));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].destination_port == 40000);
    CHECK(in[0].checksums_ok());
}

TEST_CASE("forward: a ping with IP options to the gateway is answered soundly", "[packet][icmp]") {
    Testbed bed;
    CHECK(bed.from_inside(Frame().ipv4(kHost, "10.1.0.1").echo_request(7).ip_options(Bytes(8, 1)))
              .empty());
    const auto in = bed.take(Side::Inside);
    REQUIRE(in.size() == 1);
    CHECK(in[0].icmp_type == 0);
    CHECK(in[0].checksums_ok());
}

TEST_CASE("forward: a ping and its answer pass", "[packet][icmp]") {
    Testbed bed({.workers = GENERATE(1u, 2u)});
    const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).echo_request(77).payload(56));
    REQUIRE(out.size() == 1);
    CHECK(out[0].identifier == 77);
    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).echo_reply(77).payload(56));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(in[0].checksums_ok());
}

TEST_CASE("forward: two hosts with one source port get two external ports", "[packet][udp]") {
    Testbed bed;
    const auto first = bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));
    const auto second = bed.from_inside(Frame().ipv4("10.1.0.11", kServer).udp(5000, 53));
    REQUIRE((first.size() == 1 && second.size() == 1));
    CHECK(first[0].source_port == 5000);
    CHECK(second[0].source_port != 5000);
    CHECK(second[0].source_port >= 1024);
    CHECK(bed.count(Count::PortChanged) == 1);

    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, second[0].source_port));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.1.0.11");
    CHECK(in[0].destination_port == 5000);
}

TEST_CASE("forward: one external port serves many servers", "[packet][udp]") {
    Testbed bed;
    for (int i = 1; i <= 20; ++i) {
        const auto out =
            bed.from_inside(Frame().ipv4(kHost, "203.0.113." + std::to_string(i)).udp(5000, 53));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source_port == 5000);
    }
    CHECK(bed.flows() == 20);
}

TEST_CASE("forward: a host keeps one address of the pool, and hosts use all of them",
          "[packet][rfc4787]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.pool = {{ip("198.51.100.1"), ip("198.51.100.4")}};
    }});
    std::set<std::string> used;
    for (int host = 2; host < 60; ++host) {
        const std::string source = "10.1.0." + std::to_string(host);
        const auto first = bed.from_inside(Frame().ipv4(source, kServer).udp(5000, 53));
        const auto second = bed.from_inside(Frame().ipv4(source, "203.0.113.99").udp(5001, 53));
        REQUIRE((first.size() == 1 && second.size() == 1));
        CHECK(first[0].source == second[0].source);
        used.insert(first[0].source);
    }
    CHECK(used.size() == 4);
}

TEST_CASE("forward: hosts keep their address over a restart, and mostly when one comes or goes",
          "[packet][rfc4787]") {
    const auto seen_with = [](const char* last, uint64_t secret) {
        Testbed bed({.secret = secret, .configure = [=](config::Config& config) {
                         config.pool = {{ip(kPublic), ip(last)}};
                     }});
        std::vector<std::string> addresses;
        for (int host = 2; host < 202; ++host) {
            const auto out = bed.from_inside(
                Frame().ipv4("10.1.0." + std::to_string(host), kServer).udp(5000, 53));
            REQUIRE(out.size() == 1);
            addresses.push_back(out[0].source);
        }
        return addresses;
    };
    const auto before = seen_with("198.51.100.8", 1);
    CHECK(seen_with("198.51.100.8", 2) == before);
    const auto after = seen_with("198.51.100.9", 3);
    unsigned moved = 0;
    for (size_t i = 0; i < before.size(); ++i) {
        CHECK((after[i] == before[i] || after[i] == "198.51.100.9"));
        moved += after[i] != before[i];
    }
    CHECK(moved > 0);
    CHECK(moved < 200 / 9 * 2);
}

TEST_CASE("forward: many packets of one new flow in one burst open one flow", "[packet][udp]") {
    Testbed bed;
    for (int i = 0; i < 20; ++i)
        bed.inject(Side::Inside, Frame()
                                     .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                                     .ipv4(kHost, kServer)
                                     .udp(5000, 53)
                                     .bytes());
    bed.run();
    CHECK(bed.flows() == 1);
    CHECK(bed.count(Count::FlowsOpened) == 1);
    // The next hop was not resolved yet: 8 packets wait for it, the others are dropped by name.
    CHECK(bed.take(Side::Outside).size() + bed.dropped(Drop::NeighbourQueueFull) == 20);
}

TEST_CASE("forward: a packet that arrives in segments leaves whole", "[packet][udp]") {
    Testbed bed;
    const Bytes frame = Frame()
                            .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                            .ipv4(kHost, kServer)
                            .udp(5000, 53)
                            .payload(1000)
                            .bytes();
    bed.inject(Side::Inside, frame, 300);
    bed.run();
    const auto out = bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].payload.size() == 1000);
    CHECK(out[0].checksums_ok());
}

TEST_CASE("forward: a static route sends its prefix by its own next hop", "[packet][route]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.routes = {{{ip("192.0.2.0"), 24}, ip("198.51.100.77")},
                         {{ip("10.9.0.0"), 16}, ip("10.1.0.99")}};
        config.inside.push_back({ip("10.9.0.0"), 16});
    }});
    const auto out = bed.from_inside(Frame().ipv4(kHost, "192.0.2.5").udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].destination_mac == mac_of(ip("198.51.100.77")));

    REQUIRE(bed.from_inside(Frame().ipv4("10.9.3.3", kServer).udp(6000, 53)).size() == 1);
    const auto in = bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 6000));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == "10.9.3.3");
    CHECK(in[0].destination_mac == mac_of(ip("10.1.0.99")));
}

TEST_CASE("forward: a neighbour on the outside network is reached directly", "[packet][route]") {
    Testbed bed;
    const auto out = bed.from_inside(Frame().ipv4(kHost, "198.51.100.40").udp(5000, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].destination_mac == mac_of(ip("198.51.100.40")));
}

TEST_CASE("forward: fewer queues than workers still spread flows and bring replies home",
          "[packet][handoff]") {
    Testbed bed({.workers = 3, .rx_queues = 1});
    for (uint16_t port = 5000; port < 5040; ++port) {
        REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
        REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, port)).size() == 1);
    }
    for (unsigned worker = 0; worker < 3; ++worker)
        CHECK(bed.gateway().worker(worker).counters().count[Count::FlowsOpened].read() > 0);
    CHECK(bed.count(Count::Handoff) > 0);
    CHECK(bed.count(Count::FlowsOpened) == 40);
}

}  // namespace forward_test
