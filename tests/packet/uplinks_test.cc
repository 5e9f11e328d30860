// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Several uplinks: a second wire outside, with a public address and a router of its own.
///
///     the testbed's ── outside wire ── 198.51.100.0/24, router .254 ── the world
///                   └─ second wire ─── 192.0.2.0/24, router .254 ────── the world

#include "catch.h"
#include "testbed.h"

#include <array>
#include <map>

namespace uplinks_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr size_t kFirst = 1;  // the interfaces' numbers
constexpr size_t kSecond = 2;
constexpr auto kSecondPublic = "192.0.2.1";
constexpr auto kSecondRouter = "192.0.2.254";
/// Longer than it takes to notice that a router does not answer, or does again.
constexpr Duration kNoticed = Duration::seconds(6);

struct TwoUplinks {
    explicit TwoUplinks(TestbedOptions options = {}) : bed(with_second(std::move(options))) {}

    static TestbedOptions with_second(TestbedOptions options) {
        options.configure = [more = std::move(options.configure)](config::Config& config) {
            config.wans.push_back({{"second wire"}, {ip(kSecondPublic), 24}, ip(kSecondRouter)});
            config.pool.push_back({ip(kSecondPublic), ip(kSecondPublic)});
            more(config);
        };
        return options;
    }

    void from_inside(Frame frame) {
        bed.inject(Side::Inside,
                   frame.ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()).bytes());
        bed.run();
    }
    /// From the router of that wire.
    std::vector<Seen> from_outside(size_t wire, Frame frame) {
        const auto router = ip(wire == kFirst ? kRouter : kSecondRouter);
        bed.inject_on(wire, frame.ether(mac_of(router), port(wire).mac()).bytes());
        bed.run();
        return bed.take(Side::Inside);
    }
    memory::MemoryPort& port(size_t wire) { return bed.port_at(wire); }

    /// Sends it, and says by which wire it came out.
    std::optional<size_t> wire_of(const Frame& frame) {
        from_inside(frame);
        for (const size_t wire : {kFirst, kSecond})
            if (const auto seen = bed.take_of(wire); !seen.empty()) {
                CHECK(seen.size() == 1);
                CHECK(seen[0].source == (wire == kFirst ? kPublic : kSecondPublic));
                CHECK(seen[0].checksums_ok());
                last = seen[0];
                return wire;
            }
        return std::nullopt;
    }
    /// The first port whose flow takes that wire.
    uint16_t port_by(size_t wire) {
        for (uint16_t port = 20000; port < 20100; ++port)
            if (wire_of(udp(port)) == wire)
                return port;
        FAIL("all flows take the other wire");
        return 0;
    }
    static Frame udp(uint16_t port) { return Frame().ipv4(kHost, kServer).udp(port, 53); }
    static Frame tcp(uint16_t port, uint8_t flags) {
        return Frame().ipv4(kHost, kServer).tcp(port, 80, flags);
    }

    Testbed bed;
    Seen last;  ///< What came out last.
};

/// To what came out last, so that its flow gives way to no other.
void answer_last(TwoUplinks& gateway, size_t wire) {
    const Seen out = gateway.last;
    gateway.from_outside(wire, Frame().ipv4(kServer, out.source).udp(53, out.source_port));
}

/// How many of a thousand new flows come out by each wire. They are answered, and stay.
std::array<unsigned, 3> shares(TwoUplinks& gateway, uint16_t first = 1024) {
    std::array<unsigned, 3> counts{};
    for (uint16_t i = 0; i < 1000; ++i) {
        const auto wire = gateway.wire_of(TwoUplinks::udp(static_cast<uint16_t>(first + i)));
        if (wire)
            answer_last(gateway, *wire);
        ++counts[wire.value_or(0)];
    }
    return counts;
}

void weigh(config::Config& config) {
    config.uplink_weights = {3, 1};
}

void choose_by_host(config::Config& config) {
    config.uplink_choice = config::UplinkChoice::Host;
}

void route_by_second(config::Config& config) {
    config.routes = {{{ip("203.0.113.0"), 24}, ip("192.0.2.9")}};
}

/// Ten ports at the address of each.
void give_ten_ports(config::Config& config) {
    config.pool.clear();
    config.inside.clear();
    config.snat = {{{ip("10.1.0.0"), 24},
                    {{ip(kPublic), ip(kPublic)}, {ip(kSecondPublic), ip(kSecondPublic)}},
                    {30000, 30009}}};
}

void ten_by_host(config::Config& config) {
    give_ten_ports(config);
    choose_by_host(config);
}

void ten_by_route(config::Config& config) {
    give_ten_ports(config);
    route_by_second(config);
}

void map_all(config::Config& config) {
    config.pool.clear();
    config.inside.clear();
    policy::Independence all;
    all.inside = {{net::Protocol::Udp}};
    all.external = {1024, 65535};
    all.filtering = policy::Filtering::AddressDependent;
    config.snat = {{{ip("10.1.0.0"), 24},
                    {{ip(kPublic), ip(kPublic)}, {ip(kSecondPublic), ip(kSecondPublic)}},
                    pool::kAllPorts,
                    all}};
}

}  // namespace

TEST_CASE("uplinks: flows are shared out, and each leaves by the uplink of its address",
          "[packet][uplinks]") {
    const unsigned workers = GENERATE(1U, 2U);
    TwoUplinks gateway({.workers = workers, .flows = 4096, .configure = weigh});
    const auto counts = shares(gateway);
    CHECK(counts[0] == 0);
    CHECK(counts[kFirst] > 690);
    CHECK(counts[kFirst] < 810);
}

TEST_CASE("uplinks: a flow keeps its uplink, both ways", "[packet][uplinks]") {
    TwoUplinks gateway;
    for (const size_t wire : {kFirst, kSecond}) {
        const uint16_t port = gateway.port_by(wire);
        const Seen out = gateway.last;
        CHECK(out.destination_mac == mac_of(ip(wire == kFirst ? kRouter : kSecondRouter)));
        const auto in =
            gateway.from_outside(wire, Frame().ipv4(kServer, out.source).udp(53, out.source_port));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination == kHost);
        CHECK(in[0].destination_port == port);
        for (int i = 0; i < 3; ++i)
            CHECK(gateway.wire_of(TwoUplinks::udp(port)) == wire);
        // An error about it comes to its host, whoever on the way sends it.
        const Bytes quoted = Frame().ipv4(out.source, kServer).udp(out.source_port, 53).ip_bytes();
        const auto error = gateway.from_outside(
            wire, Frame().ipv4("203.0.113.1", out.source).icmp_error(3, 1, quoted));
        REQUIRE(error.size() == 1);
        CHECK(error[0].destination == kHost);
    }
}

TEST_CASE("uplinks: by host all flows of one take the same", "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096, .configure = choose_by_host});
    const auto counts = shares(gateway);
    CHECK(std::max(counts[kFirst], counts[kSecond]) == 1000);
}

TEST_CASE("uplinks: a route prescribes one, and the subnet of an uplink is a route",
          "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096, .configure = route_by_second});
    CHECK(shares(gateway)[kSecond] == 1000);
    CHECK(gateway.last.destination_mac == mac_of(ip("192.0.2.9")));
    gateway.from_inside(Frame().ipv4(kHost, "192.0.2.77").udp(9000, 53));
    const auto near = gateway.bed.take_of(kSecond);
    REQUIRE(near.size() == 1);
    CHECK(near[0].destination_mac == mac_of(ip("192.0.2.77")));
}

TEST_CASE("uplinks: where one has no port left, flows take the other", "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096, .configure = give_ten_ports});
    CHECK(shares(gateway) == std::array<unsigned, 3>{980, 10, 10});
    CHECK(gateway.bed.dropped(Drop::PortsExhausted) == 980);
    gateway.port(kFirst).set_link(false);
    gateway.bed.advance(kNoticed);
    // Those of the dead one have ended; the other's stand, and have its ports yet.
    CHECK(gateway.wire_of(TwoUplinks::udp(4000)) == std::nullopt);
}

TEST_CASE("uplinks: where a host or a route has one, its ports are all there are",
          "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096, .configure = GENERATE(ten_by_host, ten_by_route)});
    const auto counts = shares(gateway);
    CHECK(counts[0] == 990);
    CHECK(std::max(counts[kFirst], counts[kSecond]) == 10);
}

TEST_CASE("uplinks: with one cut all new flows take the other", "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096});
    const uint16_t port = gateway.port_by(kSecond);
    gateway.port(kSecond).set_link(false);
    gateway.bed.run();
    CHECK(shares(gateway, 30000)[kFirst] == 1000);
    CHECK(gateway.bed.notices.back() == "uplink wan2 by 192.0.2.254 is dead: its port has no link");

    // And the flow that was there opens anew, by the other.
    gateway.bed.advance(Duration{300});
    CHECK(gateway.wire_of(TwoUplinks::udp(port)) == kFirst);
    CHECK(gateway.bed.count(Count::FlowsRerouted) > 0);

    gateway.port(kSecond).set_link(true);
    gateway.bed.gateway().control().link_came(gateway.bed.now());
    gateway.bed.advance(kNoticed);
    CHECK(gateway.bed.notices.back() == "uplink wan2 by 192.0.2.254 lives again");
    CHECK(gateway.wire_of(TwoUplinks::udp(port)) == kFirst);  // it keeps what it has
    CHECK(shares(gateway, 40000)[kSecond] > 300);
}

TEST_CASE("uplinks: a router that goes silent is noticed, and so is its return",
          "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 8192});
    const uint16_t port = gateway.port_by(kSecond);
    gateway.bed.silent = {kSecondRouter};
    gateway.bed.advance(kNoticed);
    CHECK(shares(gateway, 30000)[kFirst] == 1000);
    CHECK(gateway.wire_of(TwoUplinks::udp(port)) == kFirst);
    gateway.bed.silent.clear();
    gateway.bed.advance(kNoticed);
    CHECK(shares(gateway, 40000)[kSecond] > 300);
}

TEST_CASE("uplinks: an established connection waits for its uplink, a SYN does not",
          "[packet][uplinks]") {
    TwoUplinks gateway;
    uint16_t established = 0, opening = 0;
    for (uint16_t port = 20000; established == 0 || opening == 0; ++port) {
        REQUIRE(port < 20100);
        if (gateway.wire_of(TwoUplinks::tcp(port, kSyn).seq(1)) != kSecond)
            continue;
        if (opening == 0) {
            opening = port;
            continue;
        }
        established = port;
        const auto in =
            gateway.from_outside(kSecond, Frame()
                                              .ipv4(kServer, kSecondPublic)
                                              .tcp(80, gateway.last.source_port, kSyn | kAck)
                                              .seq(100)
                                              .ack(2));
        REQUIRE(in.size() == 1);
        CHECK(gateway.wire_of(TwoUplinks::tcp(port, kAck).seq(2).ack(101)) == kSecond);
    }
    gateway.port(kSecond).set_link(false);
    gateway.bed.advance(Duration{300});
    CHECK(gateway.wire_of(TwoUplinks::tcp(opening, kSyn).seq(1)) == kFirst);
    CHECK(gateway.wire_of(TwoUplinks::tcp(established, kAck).seq(2).ack(101)) == std::nullopt);
    gateway.port(kSecond).set_link(true);
    gateway.bed.advance(Duration{300});
    CHECK(gateway.wire_of(TwoUplinks::tcp(established, kAck).seq(2).ack(101)) == kSecond);
}

TEST_CASE("uplinks: where none lives senders are told, and nothing opens", "[packet][uplinks]") {
    TwoUplinks gateway;
    for (const size_t wire : {kFirst, kSecond})
        gateway.port(wire).set_link(false);
    gateway.bed.run();
    CHECK(gateway.wire_of(TwoUplinks::udp(20000)) == std::nullopt);
    const auto told = gateway.bed.take(Side::Inside);
    REQUIRE(told.size() == 1);
    CHECK(told[0].icmp_type == 3);
    CHECK(gateway.bed.flows() == 0);
    CHECK(gateway.bed.dropped(Drop::LinkDown) == 1);
}

TEST_CASE("uplinks: what can have no other address stays on its dead uplink", "[packet][uplinks]") {
    TwoUplinks gateway({.configure = [](config::Config& config) {
        config.pool = {{ip(kSecondPublic), ip(kSecondPublic)}};
    }});
    CHECK(gateway.wire_of(TwoUplinks::udp(20000)) == kSecond);
    gateway.port(kSecond).set_link(false);
    gateway.bed.advance(Duration{300});
    CHECK(gateway.bed.flows() == 1);
    CHECK(gateway.bed.count(Count::FlowsRerouted) == 0);
    gateway.port(kSecond).set_link(true);
    CHECK(gateway.wire_of(TwoUplinks::udp(20000)) == kSecond);
}

TEST_CASE("uplinks: a forward at the second answers by the second", "[packet][uplinks]") {
    TwoUplinks gateway({.configure = [](config::Config& config) {
        config.forwards = {{net::Protocol::Tcp,
                            {ip(kSecondPublic), Be16::from_host(8080)},
                            {ip(kHost), Be16::from_host(80)}}};
    }});
    const auto in = gateway.from_outside(
        kSecond, Frame().ipv4(kServer, kSecondPublic).tcp(40000, 8080, kSyn).seq(1));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost);
    CHECK(gateway.wire_of(Frame().ipv4(kHost, kServer).tcp(80, 40000, kSyn | kAck).seq(7).ack(2)) ==
          kSecond);
    CHECK(gateway.last.source_port == 8080);
    // What the holder of the port opens by itself leaves there as well.
    CHECK(gateway.wire_of(Frame().ipv4(kHost, "203.0.113.9").tcp(80, 81, kSyn)) == kSecond);
}

TEST_CASE("uplinks: a mapping goes by its address, and a dead uplink's gives way",
          "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096, .configure = map_all});
    const uint16_t port = gateway.port_by(kSecond);
    const uint16_t external = gateway.last.source_port;
    for (const char* server : {"203.0.113.20", "203.0.113.21", "203.0.113.22", "203.0.113.23"}) {
        CHECK(gateway.wire_of(Frame().ipv4(kHost, server).udp(port, 53)) == kSecond);
        CHECK(gateway.last.source_port == external);
    }
    gateway.port(kSecond).set_link(false);
    gateway.bed.advance(Duration{500});
    CHECK(gateway.wire_of(TwoUplinks::udp(port)) == kFirst);
    CHECK(gateway.wire_of(Frame().ipv4(kHost, "203.0.113.20").udp(port, 53)) == kFirst);
}

TEST_CASE("uplinks: a stream that does not stop leaves with its mapping", "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 1U << 17, .configure = map_all});  // so that a walk takes turns
    const uint16_t port = gateway.port_by(kSecond);
    gateway.bed.silent = {kSecondRouter};
    constexpr Duration kPause{10};
    for (int i = 0; i < kNoticed.milliseconds / kPause.milliseconds; ++i) {
        gateway.bed.tick(kPause);
        gateway.wire_of(TwoUplinks::udp(port));
    }
    CHECK(gateway.wire_of(TwoUplinks::udp(port)) == kFirst);
}

TEST_CASE("uplinks: hosts without NAT go by one that lives", "[packet][uplinks]") {
    TwoUplinks gateway({.configure = [](config::Config& config) {
        config.inside.clear();
        config.no_nat = {{{ip("10.1.0.0"), 24}, {}}};
    }});
    const auto out = [&](size_t wire) { return gateway.bed.take_of(wire).size(); };
    gateway.from_inside(TwoUplinks::udp(20000));
    const std::array before{out(kFirst), out(kSecond)};
    CHECK(before[0] + before[1] == 1);
    const size_t its = before[0] == 1 ? kFirst : kSecond;
    gateway.port(its).set_link(false);
    gateway.bed.run();
    gateway.from_inside(TwoUplinks::udp(20000));
    CHECK(out(its) == 0);
    CHECK(out(its == kFirst ? kSecond : kFirst) == 1);
}

TEST_CASE("uplinks: each answers ARP for its own addresses alone", "[packet][uplinks]") {
    TwoUplinks gateway;
    const auto ask = [&](size_t wire, const char* address) {
        const uint64_t before = gateway.bed.count(Count::ArpSent);
        const Be32 router = ip(wire == kFirst ? kRouter : kSecondRouter);
        gateway.bed.inject_on(wire, arp_request(mac_of(router), router, ip(address)));
        gateway.bed.run();
        return gateway.bed.count(Count::ArpSent) - before;
    };
    CHECK(ask(kFirst, kPublic) == 1);
    CHECK(ask(kSecond, kSecondPublic) == 1);
    CHECK(ask(kSecond, kPublic) == 0);
    CHECK(ask(kFirst, kSecondPublic) == 0);
}

TEST_CASE("uplinks: pings to the own address of each are answered there", "[packet][uplinks]") {
    TwoUplinks gateway;
    gateway.from_outside(kSecond, Frame().ipv4(kServer, kSecondPublic).echo_request(7));
    const auto reply = gateway.bed.take_of(kSecond);
    REQUIRE(reply.size() == 1);
    CHECK(reply[0].source == kSecondPublic);
    CHECK(reply[0].destination_mac == mac_of(ip(kSecondRouter)));
    CHECK(gateway.bed.take_of(kFirst).empty());
}

TEST_CASE("uplinks: with blocks of ports a host has them where its flows go", "[packet][uplinks]") {
    TwoUplinks gateway({.flows = 4096, .configure = [](config::Config& config) {
                            config.holders.blocks.size = 64;
                            config.holders.blocks.per_host = 1;
                        }});
    const size_t wire = gateway.wire_of(TwoUplinks::udp(20000)).value_or(0);
    REQUIRE(wire != 0);
    for (uint16_t port = 20001; port < 20030; ++port)
        CHECK(gateway.wire_of(TwoUplinks::udp(port)) == wire);
    gateway.port(wire).set_link(false);
    // Its block is given back when the flows have gone.
    gateway.bed.advance(Duration::seconds(6));
    CHECK(gateway.wire_of(TwoUplinks::udp(20000)) == (wire == kFirst ? kSecond : kFirst));
}

TEST_CASE("uplinks: a first packet that is too big for the second choice is told of its MTU",
          "[packet][uplinks]") {
    constexpr uint16_t kSmall = 1200;
    TwoUplinks gateway({.configure = give_ten_ports});
    gateway.port(kSecond).set_mtu(kSmall);
    gateway.bed.advance(Duration{500});
    gateway.bed.take(Side::Inside);
    unsigned left = 0;
    std::vector<Seen> told;
    for (uint16_t port = 20000; port < 20060; ++port) {
        const auto wire = gateway.wire_of(
            Frame().ipv4(kHost, kServer).dont_fragment().udp(port, 53).payload(1300));
        CHECK((!wire || wire == kFirst));
        left += wire.has_value();
        for (const Seen& error : gateway.bed.take(Side::Inside))
            told.push_back(error);
        if (wire)
            answer_last(gateway, *wire);
    }
    CHECK(left == 10);  // by the ports that there are
    // The others' first choice was too small for them, or there was no port there: ten found one at
    // the second.
    CHECK(gateway.bed.flows() == 20);
    CHECK(told.size() == gateway.bed.dropped(Drop::TooBig));
    CHECK(told.size() >= 10);
    for (const Seen& error : told) {
        CHECK(error.icmp_type == 3);
        CHECK(error.icmp_code == 4);
        CHECK(error.echo_sequence == kSmall);
    }
}

}  // namespace uplinks_test
