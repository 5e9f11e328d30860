// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Several interfaces that the kernel has twins of, beside some that it has not: each twin has what
/// is for the gateway itself by its interface, and what it sends leaves there.

#include "catch.h"
#include "testbed.h"

namespace twins_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

constexpr auto kSecondPublic = "192.0.2.1";
constexpr auto kSecondRouter = "192.0.2.254";
constexpr uint16_t kZone = 5;

struct Twinned {
    explicit Twinned(const std::function<void(config::Config&)>& configure)
        : bed({.workers = 2, .configure = configure}) {}

    /// A neighbour behind an interface sends this to the gateway.
    void from(size_t interface, Frame frame) {
        bed.inject_on(interface, frame.ether(mac(0x77), bed.port_at(interface).mac()).bytes());
        bed.run();
    }
    /// The kernel sends this by the twin of an interface.
    void kernel_sends(size_t interface, Frame frame) {
        bed.twin_at(interface).send(frame.ether(bed.port_at(interface).mac(), mac(0x77)).bytes());
        bed.run();
    }
    /// What the twin of an interface has got, ARP left out.
    std::vector<Seen> kernel_saw(size_t interface) {
        std::vector<Seen> seen;
        for (const Bytes& frame : bed.twin_at(interface).take_received())
            if (const Seen one = read(frame); one.ether_type != 0x0806)
                seen.push_back(one);
        return seen;
    }

    Testbed bed;
};

Frame syn(const char* source, const char* destination, uint16_t port = 22) {
    return Frame().ipv4(source, destination).tcp(40000, port, kSyn);
}

/// Two inside interfaces on one port have twins, a third one has none.
void three_inside(config::Config& config) {
    config.lan_twin = "sl1";
    config.lans.push_back({.at = {"inside wire", 30}, .own = {ip("10.2.0.1"), 24}, .twin = "sl2"});
    config.lans.push_back({.at = {"third wire"}, .own = {ip("10.3.0.1"), 24}});
    config.inside = {{ip("10.0.0.0"), 8}};
}

/// Of zones the first two have the same addresses, and the last two are one.
void three_zoned(config::Config& config) {
    config.lan_twin = "sl1";
    config.lans.push_back({.at = {"second wire"}, .own = {ip("10.1.0.1"), 24}, .zone = kZone});
    config.lans.push_back(
        {.at = {"third wire"}, .own = {ip("10.7.0.1"), 24}, .zone = kZone, .twin = "sl2"});
    config.inside = {{ip("10.0.0.0"), 8}};
}

/// Each gives flows its own address.
void two_uplinks(config::Config& config) {
    config.wan_twin = "sl0";
    config.wans.push_back({.at = {"second wire"},
                           .own = {ip(kSecondPublic), 24},
                           .gateway = ip(kSecondRouter),
                           .twin = "sl9"});
    config.pool.push_back({ip(kSecondPublic), ip(kSecondPublic)});
    config.twin_ports = {{22, 22}, {5000, 5000}};
}

}  // namespace

TEST_CASE("twins: each has what is for the gateway by its interface, without a tag", "[packet]") {
    Twinned gateway(three_inside);
    gateway.from(0, syn("10.1.0.10", "10.1.0.1"));
    CHECK(gateway.kernel_saw(0).size() == 1);
    CHECK(gateway.kernel_saw(1).empty());
    gateway.from(1, syn("10.2.0.10", "10.2.0.1"));
    gateway.from(1, Frame().ipv4("10.2.0.10", "10.2.0.1").echo_request(7));
    gateway.from(1, syn("10.2.0.10", "10.1.0.1"));
    const auto seen = gateway.kernel_saw(1);
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].destination == "10.2.0.1");
    CHECK(seen[2].destination == "10.1.0.1");
    CHECK(gateway.kernel_saw(0).empty());
}

TEST_CASE("twins: an interface without one gives the kernel nothing, and has none for it",
          "[packet]") {
    Twinned gateway(three_inside);
    gateway.from(2, syn("10.3.0.10", "10.3.0.1"));
    gateway.from(2, syn("10.3.0.10", "10.1.0.1"));
    gateway.from(0, syn("10.1.0.10", "10.3.0.1"));
    CHECK(gateway.bed.dropped(Drop::ToGateway) == 3);
    for (const size_t interface : {0, 1, 2})
        CHECK(gateway.kernel_saw(interface).empty());
}

TEST_CASE("twins: what the kernel sends leaves by the interface of its twin", "[packet]") {
    Twinned gateway(three_inside);
    gateway.kernel_sends(1, Frame().ipv4("10.2.0.1", "10.2.0.10").udp(53, 999));
    REQUIRE(gateway.bed.take_of(1).size() == 1);
    CHECK(gateway.bed.take_of(0).empty());
    gateway.kernel_sends(0, Frame().ipv4("10.1.0.1", "10.1.0.10").udp(53, 999));
    CHECK(gateway.bed.take_of(0).size() == 1);
    gateway.kernel_sends(1, Frame().ipv4("10.2.0.10", "10.1.0.10").udp(53, 999));
    CHECK(gateway.bed.dropped(Drop::TwinSource) == 1);
    for (const size_t interface : {0, 1, 2})
        CHECK(gateway.bed.take_of(interface).empty());
}

TEST_CASE("twins: of an address in two zones the kernel has that of its twin's",
          "[packet][zones]") {
    Twinned gateway(three_zoned);
    gateway.from(0, syn("10.1.0.10", "10.1.0.1"));
    CHECK(gateway.kernel_saw(0).size() == 1);
    gateway.from(2, syn("10.7.0.10", "10.7.0.1"));
    CHECK(gateway.kernel_saw(2).size() == 1);
    gateway.from(1, syn("10.1.0.10", "10.1.0.1"));
    gateway.from(2, syn("10.7.0.10", "10.1.0.1"));  // that of the second interface
    CHECK(gateway.bed.dropped(Drop::ToGateway) == 2);
    gateway.from(0, syn("10.1.0.10", "10.7.0.1"));
    gateway.kernel_sends(0, Frame().ipv4("10.7.0.1", "10.1.0.10").udp(53, 999));
    CHECK(gateway.bed.dropped(Drop::TwinSource) == 1);
    for (const size_t interface : {0, 1, 2}) {
        CHECK(gateway.kernel_saw(interface).empty());
        CHECK(gateway.bed.take_of(interface).empty());
    }
    gateway.kernel_sends(2, Frame().ipv4("10.7.0.1", "10.7.0.10").udp(53, 999));
    CHECK(gateway.bed.take_of(2).size() == 1);
}

TEST_CASE("twins: each uplink's has its own address, and its ports", "[packet]") {
    Twinned gateway(two_uplinks);
    gateway.from(2, syn(kServer, kSecondPublic));
    CHECK(gateway.kernel_saw(2).size() == 1);
    gateway.from(1, syn(kServer, kPublic));
    CHECK(gateway.kernel_saw(1).size() == 1);
    gateway.from(2, syn(kServer, kSecondPublic, 23));
    CHECK(gateway.bed.dropped(Drop::NoMapping) == 1);

    gateway.kernel_sends(2, Frame().ipv4(kSecondPublic, kServer).udp(40000, 53));
    CHECK(gateway.bed.take_of(2).size() == 1);
    gateway.from(2, Frame().ipv4(kServer, kSecondPublic).udp(53, 40000).payload(8));
    CHECK(gateway.kernel_saw(2).size() == 1);
    // Providers drop what is not theirs.
    gateway.kernel_sends(1, Frame().ipv4(kSecondPublic, kServer).udp(40000, 53));
    CHECK(gateway.bed.dropped(Drop::TwinSource) == 1);
    CHECK(gateway.bed.take_of(1).empty());
}

TEST_CASE("twins: no flow of any uplink is given a port of the kernel's", "[packet]") {
    Twinned gateway(two_uplinks);
    std::set<std::string> sources;
    for (int server = 1; server <= 64; ++server) {
        const std::string address = "203.0.113." + std::to_string(server);
        gateway.from(0, Frame().ipv4(kHost, address.c_str()).udp(5000, 53));
        for (const size_t interface : {1, 2})
            for (const Seen& seen : gateway.bed.take_of(interface)) {
                sources.insert(seen.source);
                CHECK(seen.source_port != 5000);
            }
    }
    CHECK(sources.size() == 2);
}

TEST_CASE("twins: an inside one does not send from a public address that no twin has", "[packet]") {
    Twinned gateway([](config::Config& config) { config.lan_twin = "sl1"; });
    gateway.kernel_sends(0, Frame().ipv4(kPublic, kHost).udp(5000, 53));
    CHECK(gateway.bed.dropped(Drop::TwinSource) == 1);
    CHECK(gateway.bed.take_of(0).empty());
}

}  // namespace twins_test
