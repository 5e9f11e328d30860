// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Several pools, and hosts without NAT. The testbed lets an inside address out by --no-nat alone.

#include "catch.h"
#include "testbed.h"

namespace rules_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

/// 10.1.0.0/24 has .1, its upper half .10 to .12 with few ports, .240 and up of that no NAT.
TestbedOptions three_rules(unsigned workers) {
    return {.workers = workers, .configure = [](config::Config& config) {
                config.snat.push_back({{ip("10.1.0.128"), 25},
                                       {{ip("198.51.100.10"), ip("198.51.100.12")}},
                                       {30000, 30199}});
                config.no_nat.push_back({{ip("10.1.0.240"), 28}});
            }};
}

bool is_between(const std::string& address, const char* first, const char* last) {
    return ip(first) <= ip(address.c_str()) && ip(address.c_str()) <= ip(last);
}

}  // namespace

TEST_CASE("rules: each host is translated to the pool of its longest prefix", "[packet][rfc4787]") {
    Testbed bed(three_rules(GENERATE(1u, 2u)));
    const auto low = bed.from_inside(Frame().ipv4("10.1.0.127", kServer).udp(5000, 53));
    REQUIRE(low.size() == 1);
    CHECK(low[0].source == kPublic);
    CHECK(low[0].source_port == 5000);
    const auto high = bed.from_inside(Frame().ipv4("10.1.0.128", kServer).udp(5000, 53));
    REQUIRE(high.size() == 1);
    CHECK(is_between(high[0].source, "198.51.100.10", "198.51.100.12"));
    CHECK(bed.count(Count::FlowsUntranslated) == 0);
}

TEST_CASE("rules: a pool's port range holds for every port, the host's own too", "[packet]") {
    Testbed bed(three_rules(1));
    for (const uint16_t port : {500, 1024, 5000, 30007, 65535}) {
        const auto out = bed.from_inside(Frame().ipv4("10.1.0.130", kServer).udp(port, 53));
        REQUIRE(out.size() == 1);
        CHECK(out[0].source_port >= 30000);
        CHECK(out[0].source_port <= 30199);
        if (port == 30007)
            CHECK(out[0].source_port == port);
        const auto in = bed.from_outside(
            Frame().ipv4(kServer, out[0].source.c_str()).udp(53, out[0].source_port));
        REQUIRE(in.size() == 1);
        CHECK(in[0].destination_port == port);
    }
    const auto ping = bed.from_inside(Frame().ipv4("10.1.0.130", kServer).echo_request(9));
    REQUIRE(ping.size() == 1);
    CHECK(ping[0].identifier >= 30000);
    CHECK(ping[0].identifier <= 30199);
}

TEST_CASE("rules: a host without NAT leaves as it is, is tracked, and is counted", "[packet]") {
    Testbed bed(three_rules(GENERATE(1u, 2u)));
    const Frame syn = Frame().ipv4("10.1.0.250", kServer).tcp(40000, 80, kSyn).payload(5);
    const auto out = bed.from_inside(syn);
    REQUIRE(out.size() == 1);
    CHECK(summary(out[0]) == "tcp 10.1.0.250:40000 > 203.0.113.10:80 flags=S ttl=63 payload=5");
    CHECK(out[0].checksums_ok());
    CHECK(bed.count(Count::FlowsUntranslated) == 1);

    const auto in = bed.from_outside(
        Frame().ipv4(kServer, "10.1.0.250").tcp(80, 40000, kSyn | kAck).seq(7000).ack(1001));
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kServer);
    CHECK(in[0].destination == "10.1.0.250");
    CHECK(in[0].checksums_ok());
    CHECK(static_cast<conntrack::TcpState>(bed.only_flow().state.load()) ==
          conntrack::TcpState::SynRecv);
}

TEST_CASE("rules: what no flow explains does not leave without NAT either", "[packet][leak]") {
    Testbed bed(three_rules(1));
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.250", kServer).tcp(40000, 80, kFin)).empty());
    CHECK(bed.dropped(Drop::InvalidFlags) == 1);
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.250", kServer).tcp(40000, 80, kRst)).empty());
    CHECK(bed.dropped(Drop::InvalidUntrackedRst) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, "10.1.0.250").udp(53, 5000)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, "10.1.0.239").udp(53, 5000)).empty());
    CHECK(bed.dropped(Drop::OutsideToInside) == 1);
    CHECK(bed.flows() == 0);
}

TEST_CASE("rules: ARP is answered for the addresses of every pool", "[packet][arp]") {
    Testbed bed(three_rules(1));
    const auto is_answered = [&](const char* target) {
        const uint64_t before = bed.count(Count::ArpSent);
        bed.inject(Side::Outside, arp_request(mac_of(ip(kRouter)), ip(kRouter), ip(target)));
        bed.run();
        return bed.count(Count::ArpSent) != before;
    };
    CHECK(is_answered(kPublic));
    CHECK(is_answered("198.51.100.10"));
    CHECK(is_answered("198.51.100.12"));
    CHECK_FALSE(is_answered("198.51.100.13"));
    CHECK_FALSE(is_answered("10.1.0.250"));
}

namespace {

/// A rule toward some destinations, or by some ports, beside those of three_rules().
TestbedOptions rules_toward() {
    return {.configure = [](config::Config& config) {
        config.no_nat.push_back({{ip("10.1.0.0"), 24}, {.destination = {ip("192.0.2.0"), 24}}});
        config.snat.push_back({.inside = {ip("10.1.0.0"), 24},
                               .addresses = {{ip("198.51.100.20"), ip("198.51.100.20")}},
                               .toward = {.protocol = net::Protocol::Tcp, .ports = {25, 25}}});
        config.deny.push_back({{ip("10.1.0.64"), 26}, {.destination = {ip(kServer), 32}}});
        config.deny.push_back(
            {{ip("10.1.0.0"), 24}, {.protocol = net::Protocol::Udp, .ports = {137, 139}}});
    }};
}

}  // namespace

TEST_CASE("rules: a host leaves as it is toward the destinations that are named", "[packet]") {
    Testbed bed(rules_toward());
    const auto vpn = bed.from_inside(Frame().ipv4(kHost, "192.0.2.9").udp(5000, 53));
    REQUIRE(vpn.size() == 1);
    CHECK(vpn[0].source == kHost);
    CHECK(bed.count(Count::FlowsUntranslated) == 1);
    const auto back = bed.from_outside(Frame().ipv4("192.0.2.9", kHost).udp(53, 5000));
    REQUIRE(back.size() == 1);
    CHECK(back[0].destination == kHost);

    const auto world = bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));
    REQUIRE(world.size() == 1);
    CHECK(world[0].source == kPublic);
    CHECK(bed.count(Count::FlowsUntranslated) == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kHost).udp(53, 5000)).empty());
}

TEST_CASE("rules: a port of the destination decides by which address a host leaves", "[packet]") {
    Testbed bed(rules_toward());
    const auto public_of = [&](uint16_t port) {
        const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).tcp(40000, port, kSyn));
        return out.size() == 1 ? out[0].source : std::string();
    };
    CHECK(public_of(24) == kPublic);
    CHECK(public_of(25) == "198.51.100.20");
    CHECK(public_of(26) == kPublic);
    const auto udp = bed.from_inside(Frame().ipv4(kHost, kServer).udp(40000, 25));
    REQUIRE(udp.size() == 1);
    CHECK(udp[0].source == kPublic);
}

TEST_CASE("rules: what is denied opens no flow, and each rule counts its own", "[packet]") {
    Testbed bed(rules_toward());
    const auto policy = bed.gateway().policies().current();
    const policy::Denials& denials = policy->rules.denials();
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.70", kServer).udp(5000, 53)).empty());
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.70", kServer).echo_request(9)).empty());
    CHECK(bed.from_inside(Frame().ipv4(kHost, "203.0.113.11").udp(5000, 138)).empty());
    CHECK(bed.dropped(Drop::Denied) == 3);
    CHECK(denials.packets(0) == 2);
    CHECK(denials.packets(1) == 1);
    CHECK(bed.flows() == 0);

    CHECK(bed.from_inside(Frame().ipv4("10.1.0.70", "203.0.113.11").udp(5000, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 138, kSyn)).size() == 1);
    CHECK(bed.dropped(Drop::Denied) == 3);
}

TEST_CASE("rules: fragments of a flow pass whatever rules say of new ones", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.forwards = {{net::Protocol::Udp,
                            {ip(kPublic), Be16::from_host(5060)},
                            {ip(kHost), Be16::from_host(5060)}}};
        config.deny.push_back({{ip(kHost), 32}, {}});
    }});
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5060, 7000)).empty());
    REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(7000, 5060)).size() == 1);
    const Frame answer = Frame()
                             .ipv4(kHost, kServer)
                             .udp(5060, 7000)
                             .id(9)
                             .payload(3000)
                             .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac());
    for (const Bytes& frame : fragments_of(answer, 1480))
        bed.inject(Side::Inside, frame);
    bed.run();
    CHECK(bed.take_frames(Side::Outside).size() == 3);
    CHECK(bed.dropped(Drop::Denied) == 1);
}

TEST_CASE("rules: a rule that names ports is asked for the first fragment alone", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.inside.clear();
        config.snat.push_back({.inside = {ip("10.1.0.0"), 24},
                               .addresses = {{ip("198.51.100.20"), ip("198.51.100.20")}},
                               .toward = {.protocol = net::Protocol::Udp, .ports = {53, 53}}});
        config.deny.push_back(
            {{ip("10.1.0.0"), 24}, {.protocol = net::Protocol::Udp, .ports = {0, 52}}});
    }});
    const auto pass = [&](uint16_t port) {
        const Frame whole = Frame()
                                .ipv4(kHost, kServer)
                                .udp(5000, port)
                                .id(port)
                                .payload(3000)
                                .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac());
        for (const Bytes& frame : fragments_of(whole, 1480))
            bed.inject(Side::Inside, frame);
        bed.run();
        return bed.take_frames(Side::Outside).size();
    };
    CHECK(pass(53) == 3);
    CHECK(pass(54) == 0);
    CHECK(bed.dropped(Drop::NoRule) == 1);
    CHECK(pass(52) == 0);
    CHECK(bed.dropped(Drop::NoRule) + bed.dropped(Drop::Denied) == 2);
    CHECK(bed.dropped(Drop::FragmentRefused) == 4);
}

TEST_CASE("rules: a host that is served toward some only is dropped toward others", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.inside.clear();
        config.snat.push_back({.inside = {ip("10.1.0.0"), 24},
                               .addresses = {{ip("198.51.100.20"), ip("198.51.100.20")}},
                               .toward = {.destination = {ip("192.0.2.0"), 24}}});
    }});
    CHECK(bed.from_inside(Frame().ipv4(kHost, "192.0.2.9").udp(5000, 53)).size() == 1);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::NoRule) == 1);
    // Its address is an inside one all the same: nobody outside has it.
    CHECK(bed.from_outside(Frame().ipv4(kHost, "198.51.100.20").udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::OutsideSpoof) == 1);
}

TEST_CASE("rules: with --no-nat-inbound outside hosts reach those without NAT, tracked",
          "[packet][leak]") {
    TestbedOptions options = three_rules(GENERATE(1u, 2u));
    options.configure = [before = options.configure](config::Config& config) {
        before(config);
        config.no_nat_inbound = true;
        config.no_nat.push_back({{ip("10.1.0.0"), 24}, {.destination = {ip("192.0.2.0"), 24}}});
    };
    Testbed bed(options);
    const auto in = bed.from_outside(Frame().ipv4(kServer, "10.1.0.250").tcp(40000, 22, kSyn));
    REQUIRE(in.size() == 1);
    CHECK(summary(in[0]) == "tcp 203.0.113.10:40000 > 10.1.0.250:22 flags=S ttl=63 payload=0");
    CHECK(in[0].checksums_ok());
    CHECK(bed.count(stats::Count::FlowsInward) == 1);
    CHECK(bed.count(stats::Count::FlowsUntranslated) == 1);
    const auto out = bed.from_inside(
        Frame().ipv4("10.1.0.250", kServer).tcp(22, 40000, kSyn | kAck).seq(7000).ack(1001));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == "10.1.0.250");
    CHECK(static_cast<conntrack::TcpState>(bed.only_flow().state.load()) ==
          conntrack::TcpState::SynRecv);
    CHECK(bed.from_outside(Frame().ipv4(kServer, "10.1.0.250").echo_request(7)).size() == 1);

    // What the trackers refuse does not open anything here either.
    CHECK(bed.from_outside(Frame().ipv4(kServer, "10.1.0.250").tcp(40001, 22, kRst)).empty());
    CHECK(bed.dropped(Drop::InvalidUntrackedRst) == 1);
    // A host without NAT toward some is reached by these, and by nobody else.
    CHECK(bed.from_outside(Frame().ipv4("192.0.2.9", kHost).udp(5000, 53)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kHost).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::NoMapping) == 1);
}

}  // namespace rules_test
