// SPDX-License-Identifier: BSD-3-Clause
#include "link/interfaces.h"

#include "catch.h"
#include "packet_builder.h"

#include <vector>

namespace interfaces_test {

using namespace sluice;
using namespace sluice::link;
using sluice::test::ip;

namespace {

Interface on(PortIndex port, VlanId vlan, const char* own) {
    Interface interface;
    interface.port = port;
    interface.vlan = vlan;
    interface.own = {{ip(own), 24}};
    return interface;
}

Interfaces made_of(std::vector<Interface> interfaces) {
    auto made = Interfaces::create(std::move(interfaces));
    REQUIRE(made.ok());
    return std::move(made).value();
}

}  // namespace

TEST_CASE("interfaces: port and tag give the interface, or none", "[link]") {
    const Interfaces all = made_of({on(0, kUntagged, "10.1.0.1"), on(1, 100, "10.2.0.1"),
                                    on(1, 4094, "198.51.100.1"), on(0, 100, "10.3.0.1")});
    CHECK(all.ports() == 2);
    CHECK(all.find(0, kUntagged) == 0);
    CHECK(all.find(1, 100) == 1);
    CHECK(all.find(1, 4094) == 2);
    CHECK(all.find(0, 100) == 3);
    CHECK(all.find(1, kUntagged) == kNoInterface);
    CHECK(all.find(0, 101) == kNoInterface);
    CHECK(all.find(0, 0xfff) == kNoInterface);
}

TEST_CASE("interfaces: the first inside is the first that IPv4 hosts inside are on", "[link]") {
    Interface outside = on(0, kUntagged, "198.51.100.1");
    outside.realm = Realm::Outside;
    Interface both = on(2, kUntagged, "10.2.0.1");
    both.realm = Realm::ByAddress;
    CHECK(made_of({outside, on(1, kIpv6Side, "10.1.0.1")}).first_inside() == kNoInterface);
    CHECK(made_of({outside, on(1, kIpv6Side, "10.1.0.1"), on(1, 7, "10.1.0.1"),
                   on(1, kUntagged, "10.3.0.1")})
              .first_inside() == 2);
    CHECK(made_of({both}).first_inside() == 0);
}

TEST_CASE("interfaces: a port and a tag have one interface", "[link]") {
    const auto twice = Interfaces::create({on(0, 7, "10.1.0.1"), on(0, 7, "10.2.0.1")});
    REQUIRE_FALSE(twice.ok());
    CHECK(twice.error().message == "port 0 has two interfaces of VLAN 7");
    const auto untagged =
        Interfaces::create({on(3, kUntagged, "10.1.0.1"), on(3, kUntagged, "10.2.0.1")});
    REQUIRE_FALSE(untagged.ok());
    CHECK(untagged.error().message == "port 3 has two interfaces without a VLAN tag");
}

TEST_CASE("interface: it knows its own addresses, and who is on its subnets", "[link]") {
    const Interface interface = on(0, kUntagged, "198.51.100.1");
    CHECK(interface.is_own(ip("198.51.100.1")));
    CHECK_FALSE(interface.is_own(ip("203.0.113.8")));
    CHECK(interface.has_on_link(ip("198.51.100.200")));
    CHECK_FALSE(interface.has_on_link(ip("203.0.113.8")));
}

TEST_CASE("interface: with two own addresses each neighbour hears the one of its subnet",
          "[link]") {
    Interface both = on(0, kUntagged, "10.1.0.1");
    both.own.push_back({ip("198.51.100.1"), 28});
    both.realm = Realm::ByAddress;
    CHECK(both.source_toward(ip("10.1.0.77")) == ip("10.1.0.1"));
    CHECK(both.source_toward(ip("198.51.100.7")) == ip("198.51.100.1"));
    CHECK(both.source_toward(ip("192.0.2.1")) == ip("10.1.0.1"));
    CHECK(both.known_to(net::Side::Inside) == ip("10.1.0.1"));
    CHECK(both.known_to(net::Side::Outside) == ip("198.51.100.1"));
    CHECK(both.subnet_of(ip("198.51.100.9")) == net::Prefix{ip("198.51.100.1"), 28});
    CHECK(both.subnet_of(ip("198.51.100.99")) == std::nullopt);
}

TEST_CASE("interface: a realm that is fixed reaches its side alone", "[link]") {
    Interface interface = on(0, kUntagged, "10.1.0.1");
    CHECK(interface.reaches(net::Side::Inside));
    CHECK_FALSE(interface.reaches(net::Side::Outside));
    interface.realm = Realm::Outside;
    CHECK_FALSE(interface.reaches(net::Side::Inside));
    CHECK(interface.reaches(net::Side::Outside));
    interface.realm = Realm::ByAddress;
    CHECK(interface.reaches(net::Side::Inside));
    CHECK(interface.reaches(net::Side::Outside));
}

TEST_CASE("interfaces: every VLAN may be a zone of its own, with the same subnet", "[link]") {
    constexpr VlanId kLast = 4094;
    std::vector<Interface> wanted{on(0, kUntagged, "198.51.100.1")};
    wanted.front().realm = Realm::Outside;
    for (VlanId vlan = 1; vlan <= kLast; ++vlan) {
        wanted.push_back(on(1, vlan, "10.0.0.1"));
        wanted.back().zone = vlan;
    }
    wanted.back().own = {{ip("10.9.0.1"), 24}};
    const Interfaces all = made_of(std::move(wanted));

    CHECK(all.find(1, kLast) == kLast);
    CHECK(all[all.find(1, 77)].zone == 77);
    CHECK(all.are_own_outside(ip("198.51.100.1")));
    CHECK_FALSE(all.are_own_outside(ip("10.0.0.1")));
    CHECK(all.are_own({ip("10.0.0.1"), 77}));
    CHECK_FALSE(all.are_own({ip("10.0.0.1"), kLast}));
    CHECK(all.are_own({ip("198.51.100.1"), kLast}));
    CHECK(all.is_inside({ip("10.9.0.7"), kLast}));
    CHECK_FALSE(all.is_inside({ip("10.9.0.7"), 77}));
    CHECK_FALSE(all.is_inside({ip("198.51.100.7"), 77}));
    CHECK(all.is_inside_somewhere(ip("10.9.0.7")));
    CHECK_FALSE(all.is_inside_somewhere(ip("198.51.100.7")));
    CHECK(all.is_broadcast({ip("10.9.0.255"), kLast}));
    CHECK(all.is_broadcast({ip("198.51.100.255"), kLast}));
    CHECK_FALSE(all.is_broadcast({ip("10.9.0.255"), 77}));
    CHECK(all.is_broadcast_somewhere(ip("10.9.0.255")));
    CHECK_FALSE(all.is_broadcast_somewhere(ip("10.9.0.254")));
}

TEST_CASE("interfaces: of a subnet's addresses one is the gateway's, and one the broadcast",
          "[link]") {
    const Interfaces all = made_of({on(0, kUntagged, "10.0.0.1")});
    for (uint32_t last = 0; last < 256; ++last) {
        const Be32 address = Be32::from_host(ip("10.0.0.0").host() + last);
        CHECK(all.are_own({address, 0}) == (last == 1));
        CHECK(all.is_broadcast({address, 0}) == (last == 255));
        CHECK(all.is_broadcast_somewhere(address) == (last == 255));
    }
}

TEST_CASE("interfaces: a subnet of two addresses has no broadcast", "[link]") {
    Interface point = on(0, kUntagged, "10.1.0.0");
    point.own = {{ip("10.1.0.0"), 31}};
    const Interfaces all = made_of({point});
    CHECK_FALSE(all.is_broadcast({ip("10.1.0.1"), 0}));
    CHECK_FALSE(all.is_broadcast_somewhere(ip("10.1.0.1")));
}

TEST_CASE("interfaces: what is theirs, or nobody's to send from, they may know", "[link]") {
    const Interfaces all = made_of({on(0, kUntagged, "10.1.0.1"), on(1, 100, "198.51.100.1")});
    for (const char* known : {"10.1.0.1", "10.1.0.77", "10.1.0.255", "198.51.100.1", "0.0.0.0",
                              "0.255.255.255", "127.0.0.1", "224.0.0.1", "255.255.255.255"})
        CHECK(all.may_know(ip(known)));
    for (const char* far : {"1.0.0.0", "8.8.8.8", "126.255.255.255", "223.255.255.255"})
        CHECK_FALSE(all.may_know(ip(far)));
}

}  // namespace interfaces_test
