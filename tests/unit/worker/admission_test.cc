// SPDX-License-Identifier: BSD-3-Clause
#include "worker/admission.h"

#include "catch.h"
#include "fixed_policy.h"
#include "packet_builder.h"

#include <vector>

namespace admission_test {

using namespace sluice;
using net::Side;
using sluice::test::ip;
using stats::Drop;
using worker::Path;

namespace {

constexpr auto kHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";
constexpr auto kPool = "198.51.100.2";
constexpr auto kOneToOne = "198.51.100.5";
constexpr auto kGatewayInside = "10.1.0.1";
constexpr auto kGatewayOutside = "198.51.100.1";

link::Interfaces two_interfaces() {
    link::Interface inside;
    inside.own = {{ip(kGatewayInside), 24}};
    link::Interface outside;
    outside.port = 1;
    outside.realm = link::Realm::Outside;
    outside.own = {{ip(kGatewayOutside), 24}};
    return std::move(link::Interfaces::create({inside, outside})).value();
}

/// 10.1.0.0/24 inside, of which .128 to .255 are exempt from NAT; 198.51.100.1 is the gateway's
/// own and, with .2, its pool.
struct Gateway {
    const pool::Holdings* holdings = nullptr;
    std::vector<net::AddressRange> pool{{ip(kGatewayOutside), ip(kPool)}};
    std::vector<policy::RuleParams> params{
        {.inside = {ip("10.1.0.0"), 24}, .addresses = pool},
        {.inside = {ip("10.9.0.0"), 16}, .addresses = pool},
        {.inside = {ip("10.1.0.128"), 25}, .is_exempt = true, .addresses = {}}};
    std::array<pool::OneToOne, 1> pairs{{{ip(kOneToOne), ip("10.1.0.20")}}};
    test::FixedPolicy policy{params, pool::StaticSet({}, pairs)};
    link::Interfaces interfaces = two_interfaces();
    worker::Admission admission{interfaces, policy.current, nullptr, holdings};

    worker::Admitted udp(Side from, const char* source, const char* destination) const {
        net::Tuple tuple{ip(source),          ip(destination),    Be16::from_host(5000),
                         Be16::from_host(53), net::Protocol::Udp, {}};
        return admission.admit(from, net::Packet{}, tuple, admission.rule_of(from, tuple));
    }
    worker::Admitted ping(Side from, const char* source, const char* destination) const {
        net::Tuple tuple{ip(source),          ip(destination),
                         Be16::from_host(77), Be16::from_host(0x800),
                         net::Protocol::Icmp, {}};
        net::Packet packet;
        packet.icmp_type = 8;
        return admission.admit(from, packet, tuple, admission.rule_of(from, tuple));
    }
};

}  // namespace

TEST_CASE("admission: traffic from inside to the world may open a flow", "[worker]") {
    CHECK(Gateway().udp(Side::Inside, kHost, kServer).path == Path::Outward);
    CHECK(Gateway().udp(Side::Inside, "10.9.77.1", kServer).path == Path::Outward);
    CHECK(Gateway().ping(Side::Inside, kHost, kServer).path == Path::Outward);
}

TEST_CASE("admission: who is close to an inside or a public address is of the world too",
          "[worker]") {
    for (const char* server : {"10.2.0.1", "198.51.101.1", "198.51.100.3"})
        CHECK(Gateway().udp(Side::Inside, kHost, server).path == Path::Outward);
    CHECK(Gateway().udp(Side::Inside, "10.2.0.1", kServer).reason == Drop::ForeignSource);
    CHECK(Gateway().udp(Side::Inside, "8.8.8.8", kServer).reason == Drop::ForeignSource);
}

TEST_CASE("admission: traffic from the world to a pool address may be a flow's", "[worker]") {
    CHECK(Gateway().udp(Side::Outside, kServer, kPool).path == Path::Inward);
    CHECK(Gateway().udp(Side::Outside, kServer, kGatewayOutside).path == Path::Inward);
}

TEST_CASE("admission: an address that a host holds one to one is as public as the pool's",
          "[worker]") {
    CHECK(Gateway().udp(Side::Outside, kServer, kOneToOne).path == Path::Inward);
    CHECK(Gateway().ping(Side::Outside, kServer, kOneToOne).path == Path::Inward);
}

TEST_CASE("admission: inside hosts may reach each other by public addresses", "[worker]") {
    CHECK(Gateway().udp(Side::Inside, kHost, kPool).path == Path::Hairpin);
    CHECK(Gateway().udp(Side::Inside, kHost, kGatewayOutside).path == Path::Hairpin);
    CHECK(Gateway().udp(Side::Inside, kHost, kOneToOne).path == Path::Hairpin);
}

TEST_CASE("admission: what another gateway of the cluster has is a source outside", "[worker]") {
    pool::Holdings holdings({ip(kGatewayOutside), ip(kPool)});
    Gateway gateway{.holdings = &holdings};
    CHECK(gateway.udp(Side::Outside, kPool, kOneToOne).path == Path::Inward);
    CHECK(gateway.udp(Side::Inside, kHost, kPool).path == Path::Hairpin);
    holdings.hold(1, true);
    CHECK(gateway.udp(Side::Outside, kPool, kOneToOne).reason == Drop::OutsideSpoof);
    CHECK(gateway.udp(Side::Outside, kOneToOne, kPool).reason == Drop::OutsideSpoof);
}

TEST_CASE("admission: an inside host without NAT is reached by its own address", "[worker]") {
    CHECK(Gateway().udp(Side::Inside, "10.1.0.130", kServer).path == Path::Outward);
    CHECK(Gateway().udp(Side::Outside, kServer, "10.1.0.130").path == Path::Inward);
    CHECK(Gateway().udp(Side::Outside, kServer, "10.1.0.127").reason == Drop::OutsideToInside);
    CHECK(Gateway().udp(Side::Outside, "10.1.0.130", kPool).reason == Drop::OutsideSpoof);
    CHECK(Gateway().udp(Side::Inside, "10.1.0.130", kPool).reason == Drop::Hairpin);
}

TEST_CASE("admission: the gateway answers pings to its own addresses", "[worker][icmp]") {
    CHECK(Gateway().ping(Side::Inside, kHost, kGatewayInside).path == Path::Local);
    CHECK(Gateway().ping(Side::Inside, kHost, kGatewayOutside).path == Path::Local);
    CHECK(Gateway().ping(Side::Outside, kServer, kGatewayOutside).path == Path::Local);
    CHECK(Gateway().ping(Side::Outside, kServer, kPool).path == Path::Inward);
}

TEST_CASE("admission: what cannot be forwarded is refused by name", "[worker]") {
    struct Row {
        Side from;
        const char* source;
        const char* destination;
        Drop reason;
    };
    const Row row = GENERATE(values<Row>({
        {Side::Inside, "127.0.0.1", kServer, Drop::MartianSource},
        {Side::Inside, "0.0.0.0", kServer, Drop::MartianSource},
        {Side::Inside, "224.0.0.1", kServer, Drop::MartianSource},
        {Side::Inside, "255.255.255.255", kServer, Drop::MartianSource},
        {Side::Inside, "10.1.0.255", kServer, Drop::MartianSource},
        {Side::Inside, kGatewayInside, kServer, Drop::MartianSource},
        {Side::Outside, kGatewayOutside, kPool, Drop::MartianSource},
        {Side::Outside, "198.51.100.255", kPool, Drop::MartianSource},
        {Side::Inside, kHost, "224.0.0.5", Drop::MulticastOrBroadcast},
        {Side::Inside, kHost, "255.255.255.255", Drop::MulticastOrBroadcast},
        {Side::Inside, kHost, "10.1.0.255", Drop::MulticastOrBroadcast},
        {Side::Inside, kHost, "127.0.0.1", Drop::MulticastOrBroadcast},
        {Side::Outside, kServer, "198.51.100.255", Drop::MulticastOrBroadcast},
        {Side::Inside, "192.168.7.7", kServer, Drop::ForeignSource},
        {Side::Inside, kHost, "10.1.0.20", Drop::InsideDestination},
        {Side::Inside, kHost, "10.9.0.20", Drop::InsideDestination},
        {Side::Inside, kHost, kGatewayInside, Drop::ToGateway},
        {Side::Outside, kServer, kHost, Drop::OutsideToInside},
        {Side::Outside, kServer, "10.9.1.1", Drop::OutsideToInside},
        {Side::Outside, kServer, kGatewayInside, Drop::OutsideToInside},
        {Side::Outside, kHost, kPool, Drop::OutsideSpoof},
        {Side::Outside, kPool, kGatewayOutside, Drop::OutsideSpoof},
        {Side::Outside, kOneToOne, kGatewayOutside, Drop::OutsideSpoof},
        {Side::Outside, kServer, "198.51.100.77", Drop::NotOurs},
        {Side::Outside, kServer, "8.8.8.8", Drop::NotOurs},
    }));
    CAPTURE(row.source, row.destination);
    const worker::Admitted admitted = Gateway().udp(row.from, row.source, row.destination);
    CHECK(admitted.path == Path::Refused);
    CHECK(admitted.reason == row.reason);
}

}  // namespace admission_test
