// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Zones: two inside networks with the same addresses, behind one gateway.

#include "catch.h"
#include "conntrack/status.h"
#include "testbed.h"

#include <array>
#include <string>

namespace zones_test {

using namespace sluice;
using namespace sluice::test;
using nat::Filtering;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr size_t kFirst = 0;  // the interfaces, by zone
constexpr size_t kSecond = 1;
constexpr uint16_t kZone = 5;  // of the second
constexpr auto kPeer = "10.1.0.11";
constexpr auto kOnlySecond = "10.7.0.10";  // on a second subnet of that zone

using Configure = std::function<void(config::Config&)>;

/// 10.1.0.0/24 twice, in zone 0 and in zone 5; there 10.7.0.0/24 too.
struct Zones {
    Testbed bed;

    explicit Zones(
        const Configure& more = [](config::Config&) {}, unsigned workers = 1)
        : bed(options(more, workers)) {}

    static TestbedOptions options(const Configure& more, unsigned workers) {
        TestbedOptions options;
        options.workers = workers;
        options.configure = [more](config::Config& config) {
            config.lans.push_back({{"second wire"}, {ip("10.1.0.1"), 24}, kZone});
            config.lans.push_back({{"third wire"}, {ip("10.7.0.1"), 24}, kZone});
            config.inside.push_back({ip("10.7.0.0"), 24});
            more(config);
        };
        options.neighbour_mac = [](size_t interface, Be32 address) {
            MacAddress mac = mac_of(address);
            mac[1] = static_cast<uint8_t>(interface);
            return mac;
        };
        return options;
    }

    /// Sends a frame of a host behind an inside interface; returns what came out outside.
    std::vector<Seen> from(size_t interface, Frame frame) {
        bed.inject_on(interface, frame.ether(mac_of(ip(kHost)), mac()).bytes());
        bed.run();
        return bed.take(Side::Outside);
    }
    /// Sends a frame from the router; nothing is taken.
    void from_outside(Frame frame) {
        bed.inject(Side::Outside,
                   frame.ether(mac_of(ip(kRouter)), bed.port(Side::Outside).mac()).bytes());
        bed.run();
    }
    /// The only frame that came out by this inside interface, where none came out by others.
    Seen only(size_t interface) {
        std::array<std::vector<Seen>, 3> all{bed.take_of(0), bed.take_of(1), bed.take_of(2)};
        for (size_t other = 0; other < all.size(); ++other)
            REQUIRE(all[other].size() == (other == interface ? 1 : 0));
        CHECK(all[interface][0].destination_mac[1] == interface);
        CHECK(all[interface][0].checksums_ok());
        return all[interface][0];
    }
    MacAddress mac() { return bed.port(Side::Inside).mac(); }  // all inside wires have it
};

Frame udp(const char* from, uint16_t port, const char* to, uint16_t to_port) {
    return Frame().ipv4(from, to).udp(port, to_port).payload(9);
}

Configure with_rule(policy::Independence independence) {
    return [=](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {{.inside = {ip("10.0.0.0"), 8},
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .independence = independence}};
    };
}

const std::vector<nat::ProtocolPorts> kAll{{Protocol::Tcp}, {Protocol::Udp}, {Protocol::Icmp}};

}  // namespace

TEST_CASE("zones: one source toward one server is two flows, and each gets its replies",
          "[packet][zones]") {
    Zones zones([](config::Config&) {}, GENERATE(1u, 2u));
    const auto first = zones.from(kFirst, udp(kHost, 5000, kServer, 53));
    const auto second = zones.from(kSecond, udp(kHost, 5000, kServer, 53));
    REQUIRE(first.size() == 1);
    REQUIRE(second.size() == 1);
    CHECK(first[0].source == kPublic);
    CHECK(second[0].source == kPublic);
    CHECK(first[0].source_port == 5000);
    CHECK(second[0].source_port != 5000);
    CHECK(zones.bed.flows() == 2);

    zones.from_outside(udp(kServer, 53, kPublic, second[0].source_port));
    const Seen back = zones.only(kSecond);
    CHECK(back.destination == kHost);
    CHECK(back.destination_port == 5000);
    zones.from_outside(udp(kServer, 53, kPublic, first[0].source_port));
    CHECK(zones.only(kFirst).destination == kHost);

    // Of what is remembered by an inside endpoint nothing is shared: the next servers too.
    CHECK(zones.from(kFirst, udp(kHost, 5000, "203.0.113.99", 53))[0].source_port == 5000);
    CHECK(zones.from(kSecond, udp(kHost, 5000, "203.0.113.99", 53))[0].source_port ==
          second[0].source_port);
}

TEST_CASE("zones: the tuples carry the zone of their inside ends alone", "[packet][zones]") {
    Zones zones;
    REQUIRE(zones.from(kSecond, udp(kHost, 5000, kServer, 53)).size() == 1);
    const flow::FlowRecord& flow = zones.bed.only_flow();
    CHECK(flow.key(net::Direction::Original).zone == kZone);
    CHECK(flow.key(net::Direction::Reply).zone == 0);
}

TEST_CASE("zones: what lies in one is reached from no other, nor is it sent outside",
          "[packet][zones]") {
    const bool routes = GENERATE(false, true);
    Zones zones([=](config::Config& config) { config.inside_routing = routes; });
    CHECK(zones.from(kFirst, udp(kHost, 5000, kOnlySecond, 53)).empty());
    CHECK(zones.bed.dropped(Drop::InsideDestination) == 1);
    CHECK(zones.bed.take_of(2).empty());
    CHECK(zones.bed.flows() == 0);
}

TEST_CASE("zones: a network behind a router of one is reached from no other", "[packet][zones]") {
    Zones zones([](config::Config& config) {
        config.routes = {{{ip("10.9.0.0"), 16}, ip("10.7.0.99"), kZone}};
        config.inside_routing = true;
    });
    CHECK(zones.from(kFirst, udp(kHost, 5000, "10.9.0.7", 53)).empty());
    CHECK(zones.bed.dropped(Drop::InsideDestination) == 1);
    CHECK(zones.from(kSecond, udp(kHost, 5000, "10.9.0.7", 53)).empty());
    CHECK(zones.only(2).destination == "10.9.0.7");
}

TEST_CASE("zones: inside routing goes from one network to another of the same zone",
          "[packet][zones]") {
    Zones zones([](config::Config& config) { config.inside_routing = true; });
    CHECK(zones.from(kSecond, udp(kHost, 5000, kOnlySecond, 53)).empty());
    const Seen there = zones.only(2);
    CHECK(there.source == kHost);
    CHECK(there.source_port == 5000);
    CHECK(zones.bed.only_flow().key(net::Direction::Reply).zone == kZone);
    CHECK(zones.from(2, udp(kOnlySecond, 53, kHost, 5000)).empty());
    CHECK(zones.only(kSecond).destination == kHost);
    CHECK(zones.bed.count(Count::FlowsUntranslated) == 1);
}

TEST_CASE("zones: a datagram in pieces is told from one with the same identification",
          "[packet][zones][fragment]") {
    Zones zones([](config::Config&) {}, GENERATE(1u, 3u));
    const auto pieces = [&](const char* text) {
        return fragments_of(Frame()
                                .ipv4(kHost, kServer)
                                .udp(5000, 53)
                                .id(7)
                                .payload(2000)
                                .ether(mac_of(ip(text)), zones.mac()),
                            1480);
    };
    const auto first = pieces(kHost);
    const auto second = pieces(kHost);
    REQUIRE(first.size() == 2);
    // The last piece of the one comes between those of the other, and before its own first.
    zones.bed.inject_on(kSecond, second[1]);
    zones.bed.inject_on(kFirst, first[0]);
    zones.bed.inject_on(kFirst, first[1]);
    zones.bed.inject_on(kSecond, second[0]);
    zones.bed.run();
    const auto out = zones.bed.take_frames(Side::Outside);
    REQUIRE(out.size() == 4);
    CHECK(zones.bed.flows() == 2);
    CHECK(zones.bed.count(Count::Fragments) == 4);
}

TEST_CASE("zones: an ICMP error finds the flow of its zone", "[packet][zones][icmp]") {
    Zones zones;
    const auto first = zones.from(kFirst, udp(kHost, 5000, kServer, 53));
    const auto second = zones.from(kSecond, udp(kHost, 5000, kServer, 53));
    REQUIRE(second.size() == 1);

    SECTION("from outside, about what a host has sent") {
        const Bytes quoted = udp(kPublic, second[0].source_port, kServer, 53).ip_bytes();
        zones.from_outside(Frame().ipv4("192.0.2.9", kPublic).icmp_error(3, 1, quoted));
        const Seen error = zones.only(kSecond);
        CHECK(error.destination == kHost);
        CHECK(read_ip(error.payload).source == kHost);
        CHECK(read_ip(error.payload).source_port == 5000);
    }
    SECTION("from inside, about a reply") {
        const Bytes quoted = udp(kServer, 53, kHost, 5000).ip_bytes();
        const auto out = zones.from(kSecond, Frame().ipv4(kHost, kServer).icmp_error(3, 3, quoted));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source == kPublic);
        CHECK(read_ip(out[0].payload).destination_port == second[0].source_port);
    }
}

TEST_CASE("zones: who sent a reply learns that its host does not answer", "[packet][zones][icmp]") {
    Zones zones;
    REQUIRE(zones.from(kFirst, udp(kHost, 5000, kServer, 53)).size() == 1);
    const auto second = zones.from(kSecond, udp(kHost, 5000, kServer, 53));
    REQUIRE(second.size() == 1);
    zones.bed.silent.insert(kHost);
    zones.from_outside(udp(kServer, 53, kPublic, second[0].source_port));
    zones.bed.advance(Duration::seconds(5));
    zones.from_outside(udp(kServer, 53, kPublic, second[0].source_port));
    const auto told = zones.bed.take(Side::Outside);
    REQUIRE(!told.empty());
    CHECK(told.back().icmp_type == 3);
    CHECK(read_ip(told.back().payload).destination_port == second[0].source_port);
}

TEST_CASE("zones: a public address of a host is reached from another zone, there and back",
          "[packet][zones][hairpin]") {
    Zones zones([](config::Config& config) {
        config.forwards = {{Protocol::Udp,
                            {ip(kPublic), Be16::from_host(8080)},
                            {ip(kHost), Be16::from_host(80), kZone}}};
    });
    CHECK(zones.from(kFirst, udp(kHost, 5000, kPublic, 8080)).empty());
    const Seen there = zones.only(kSecond);
    CHECK(there.source == kPublic);
    CHECK(there.destination == kHost);
    CHECK(there.destination_port == 80);
    const flow::FlowRecord& flow = zones.bed.only_flow();
    CHECK(flow.key(net::Direction::Original).zone == 0);
    CHECK(flow.key(net::Direction::Reply).zone == kZone);

    CHECK(zones.from(kSecond, udp(kHost, 80, kPublic, there.source_port)).empty());
    const Seen back = zones.only(kFirst);
    CHECK(back.source == kPublic);
    CHECK(back.source_port == 8080);
    CHECK(back.destination_port == 5000);
}

TEST_CASE("zones: a forward leads into the zone that it names, a pair likewise",
          "[packet][zones][static]") {
    Zones zones([](config::Config& config) {
        config.forwards = {{Protocol::Udp,
                            {ip(kPublic), Be16::from_host(8080)},
                            {ip(kHost), Be16::from_host(80), kZone}},
                           {Protocol::Udp,
                            {ip(kPublic), Be16::from_host(8081)},
                            {ip(kHost), Be16::from_host(80)}}};
        config.one_to_one = {{ip("198.51.100.50"), ip(kPeer), 32, kZone},
                             {ip("198.51.100.51"), ip(kPeer), 32, 0}};
    });
    zones.from_outside(udp(kServer, 53, kPublic, 8080));
    CHECK(zones.only(kSecond).destination_port == 80);
    zones.from_outside(udp(kServer, 53, kPublic, 8081));
    CHECK(zones.only(kFirst).destination_port == 80);
    CHECK(zones.from(kSecond, udp(kHost, 80, kServer, 53))[0].source_port == 8080);
    CHECK(zones.from(kFirst, udp(kHost, 80, kServer, 53))[0].source_port == 8081);

    zones.from_outside(udp(kServer, 53, "198.51.100.50", 22));
    CHECK(zones.only(kSecond).destination == kPeer);
    CHECK(zones.from(kSecond, udp(kPeer, 9, kServer, 9))[0].source == "198.51.100.50");
    CHECK(zones.from(kFirst, udp(kPeer, 9, kServer, 9))[0].source == "198.51.100.51");
}

TEST_CASE("zones: rules and denials that name one are for its hosts", "[packet][zones][rules]") {
    Zones zones([](config::Config& config) {
        config.snat = {{.inside = {ip("10.1.0.0"), 24},
                        .addresses = {{ip("198.51.100.7"), ip("198.51.100.7")}},
                        .zone = kZone}};
        config.deny = {{{ip("10.1.0.0"), 24}, {{}, Protocol::Tcp, {25, 25}}, kZone}};
    });
    CHECK(zones.from(kSecond, udp(kHost, 5000, kServer, 53))[0].source == "198.51.100.7");
    CHECK(zones.from(kFirst, udp(kHost, 5000, kServer, 53))[0].source == kPublic);
    CHECK(zones.from(kSecond, Frame().ipv4(kHost, kServer).tcp(5000, 25, kSyn)).empty());
    CHECK(zones.bed.dropped(Drop::Denied) == 1);
    CHECK(zones.from(kFirst, Frame().ipv4(kHost, kServer).tcp(5000, 25, kSyn)).size() == 1);
}

TEST_CASE("zones: a host that no rule of its zone serves is a foreign source",
          "[packet][zones][rules]") {
    Zones zones([](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {{.inside = {ip("10.1.0.0"), 24},
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .zone = kZone}};
    });
    CHECK(zones.from(kFirst, udp(kHost, 5000, kServer, 53)).empty());
    CHECK(zones.bed.dropped(Drop::ForeignSource) == 1);
    CHECK(zones.from(kSecond, udp(kHost, 5000, kServer, 53)).size() == 1);
}

TEST_CASE("zones: each host has limits of its own", "[packet][zones][limits]") {
    Zones zones([](config::Config& config) { config.host_limits.flows = 2; });
    for (uint16_t port = 1; port <= 3; ++port)
        CHECK(zones.from(kFirst, udp(kHost, port, kServer, 53)).size() == (port <= 2 ? 1 : 0));
    CHECK(zones.bed.dropped(Drop::HostFlows) == 1);
    CHECK(zones.from(kSecond, udp(kHost, 1, kServer, 53)).size() == 1);
    CHECK(zones.from(kSecond, udp(kHost, 2, kServer, 53)).size() == 1);
}

TEST_CASE("zones: a mapping is of one zone's endpoint, and leads back there",
          "[packet][zones][mapping]") {
    Zones zones(with_rule({kAll, pool::kAllPorts, Filtering::EndpointIndependent}));
    const auto first = zones.from(kFirst, udp(kHost, 5000, kServer, 53));
    const auto second = zones.from(kSecond, udp(kHost, 5000, kServer, 53));
    REQUIRE(first.size() == 1);
    REQUIRE(second.size() == 1);
    CHECK(first[0].source_port != second[0].source_port);
    CHECK(zones.from(kSecond, udp(kHost, 5000, "203.0.113.99", 9))[0].source_port ==
          second[0].source_port);
    zones.from_outside(udp("192.0.2.77", 7, kPublic, second[0].source_port));
    CHECK(zones.only(kSecond).destination_port == 5000);
    zones.from_outside(udp("192.0.2.77", 7, kPublic, first[0].source_port));
    CHECK(zones.only(kFirst).destination_port == 5000);
}

TEST_CASE("zones: a host of each has blocks of its own, and the log tells them apart",
          "[packet][zones][blocks]") {
    Zones zones([](config::Config& config) { config.holders.blocks = {64, 1}; });
    const auto first = zones.from(kFirst, udp(kHost, 5000, kServer, 53));
    const auto second = zones.from(kSecond, udp(kHost, 5000, kServer, 53));
    REQUIRE(first.size() == 1);
    REQUIRE(second.size() == 1);
    CHECK(first[0].source_port / 64 != second[0].source_port / 64);
    zones.bed.advance(Duration::seconds(3));
    const auto says = [&](const std::string& beginning) {
        return std::any_of(zones.bed.notices.begin(), zones.bed.notices.end(),
                           [&](const std::string& line) { return line.starts_with(beginning); });
    };
    CHECK(says("10.1.0.10 has 198.51.100.1:"));
    CHECK(says("10.1.0.10 zone=5 has 198.51.100.1:"));
}

TEST_CASE("zones: without NAT a host is answered in its zone, and reached by it",
          "[packet][zones]") {
    Zones zones([](config::Config& config) {
        config.no_nat = {{{ip("10.1.0.0"), 24}, {{ip("192.0.2.0"), 24}}, kZone}};
        config.no_nat_inbound = true;
    });
    const auto out = zones.from(kSecond, udp(kHost, 5000, "192.0.2.7", 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kHost);
    zones.from_outside(udp("192.0.2.7", 53, kHost, 5000));
    CHECK(zones.only(kSecond).source == "192.0.2.7");
    zones.from_outside(udp("192.0.2.7", 9999, kHost, 22));
    CHECK(zones.only(kSecond).destination_port == 22);
    CHECK(zones.from(kFirst, udp(kHost, 5000, "192.0.2.7", 53))[0].source == kPublic);
}

TEST_CASE("zones: the gateway's address in two of them is pinged in both, and no host's",
          "[packet][zones]") {
    Zones zones;
    for (const size_t interface : {kFirst, kSecond}) {
        CHECK(zones.from(interface, Frame().ipv4(kHost, "10.1.0.1").echo_request(7)).empty());
        const auto reply = zones.bed.take_of(interface);
        REQUIRE(reply.size() == 1);
        CHECK(reply[0].source == "10.1.0.1");
    }
    // 10.7.0.1 is the gateway in zone 5, and nobody a host of zone 0 could know.
    CHECK(zones.from(kFirst, Frame().ipv4(kHost, "10.7.0.1").echo_request(7)).empty());
    CHECK(zones.bed.dropped(Drop::InsideDestination) == 1);
    zones.from_outside(udp("10.7.0.10", 1, kPublic, 2));
    CHECK(zones.bed.dropped(Drop::OutsideSpoof) == 1);
}

TEST_CASE(
    "zones: an address that is the gateway's, or a broadcast, in one may be a host's in "
    "another",
    "[packet][zones]") {
    Zones zones([](config::Config& config) {
        config.lans[1].own = {ip("10.1.200.1"), 16};
        config.inside.push_back({ip("10.1.0.0"), 16});
    });
    for (const char* host : {"10.1.0.1", "10.1.0.255"}) {
        CHECK(zones.from(kSecond, udp(host, 5000, kServer, 53)).size() == 1);
        CHECK(zones.from(kFirst, udp(host, 5000, kServer, 53)).empty());
    }
    CHECK(zones.bed.dropped(Drop::MartianSource) == 2);
}

}  // namespace zones_test
