// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// How often a packet that opens a flow asks for what stays as it is meanwhile: its route, what its
/// addresses admit, whether there is a flow of its tuple. As in rule_search_test.cc the linker puts
/// the counters below between these and their callers.

#include "any_workers.h"
#include "catch.h"
#include "flow/flow_table.h"
#include "link/routes.h"
#include "testbed.h"
#include "worker/admission.h"

namespace route_search_test {

using namespace sluice;
using namespace sluice::test;
using flow::FlowRef;
using flow::FlowTable;
using net::Side;
using net::Tuple;
using worker::Admission;
using worker::Admitted;

// clang-format off
// Not in a nameless namespace: the linker knows them.
link::Leads real_leads(const link::Routes* routes, net::InsideAddress destination) asm(
    "__real__ZNK6sluice4link6Routes5leadsENS_3net13InsideAddressE");
link::Leads counted_leads(const link::Routes* routes, net::InsideAddress destination) asm(
    "__wrap__ZNK6sluice4link6Routes5leadsENS_3net13InsideAddressE");

Admitted real_addresses(const Admission* admission, Side from, const net::Packet& packet,
                        const Tuple& tuple) asm(
    "__real__ZNK6sluice6worker9Admission15admit_addresses"
    "ENS_3net4SideERKNS2_6PacketERKNS2_5TupleE");
Admitted counted_addresses(const Admission* admission, Side from, const net::Packet& packet,
                           const Tuple& tuple) asm(
    "__wrap__ZNK6sluice6worker9Admission15admit_addresses"
    "ENS_3net4SideERKNS2_6PacketERKNS2_5TupleE");

Admitted real_admit(const Admission* admission, Side from, const net::Packet& packet,
                    const Tuple& tuple, const policy::Rule* rule) asm(
    "__real__ZNK6sluice6worker9Admission5admit"
    "ENS_3net4SideERKNS2_6PacketERKNS2_5TupleEPKNS_6policy4RuleE");
Admitted counted_admit(const Admission* admission, Side from, const net::Packet& packet,
                       const Tuple& tuple, const policy::Rule* rule) asm(
    "__wrap__ZNK6sluice6worker9Admission5admit"
    "ENS_3net4SideERKNS2_6PacketERKNS2_5TupleEPKNS_6policy4RuleE");

FlowRef real_find(const FlowTable* table, const Tuple& tuple, Tick now) asm(
    "__real__ZNK6sluice4flow9FlowTable4findERKNS_3net5TupleENS_4TickE");
FlowRef counted_find(const FlowTable* table, const Tuple& tuple, Tick now) asm(
    "__wrap__ZNK6sluice4flow9FlowTable4findERKNS_3net5TupleENS_4TickE");

FlowRef real_find_by_hash(const FlowTable* table, uint64_t hash, const Tuple& tuple, Tick now) asm(
    "__real__ZNK6sluice4flow9FlowTable4findEmRKNS_3net5TupleENS_4TickE");
FlowRef counted_find_by_hash(const FlowTable* table, uint64_t hash, const Tuple& tuple,
                             Tick now) asm(
    "__wrap__ZNK6sluice4flow9FlowTable4findEmRKNS_3net5TupleENS_4TickE");
// clang-format on

namespace {

/// What has been asked, of packets to kServer.
struct Asked {
    int routes = 0;
    int admissions = 0;
    int flows = 0;  ///< Beside the lookup of the whole burst.

    bool operator==(const Asked&) const = default;
};

Asked asked;

bool is_counted(const Tuple& tuple) {
    return tuple.destination == ip(kServer);
}

}  // namespace

link::Leads counted_leads(const link::Routes* routes, net::InsideAddress destination) {
    ++asked.routes;
    return real_leads(routes, destination);
}

Admitted counted_addresses(const Admission* admission, Side from, const net::Packet& packet,
                           const Tuple& tuple) {
    ++asked.admissions;
    return real_addresses(admission, from, packet, tuple);
}

Admitted counted_admit(const Admission* admission, Side from, const net::Packet& packet,
                       const Tuple& tuple, const policy::Rule* rule) {
    ++asked.admissions;
    return real_admit(admission, from, packet, tuple, rule);
}

FlowRef counted_find(const FlowTable* table, const Tuple& tuple, Tick now) {
    asked.flows += is_counted(tuple) ? 1 : 0;
    return real_find(table, tuple, now);
}

FlowRef counted_find_by_hash(const FlowTable* table, uint64_t hash, const Tuple& tuple, Tick now) {
    asked.flows += is_counted(tuple) ? 1 : 0;
    return real_find_by_hash(table, hash, tuple, now);
}

namespace {

Frame udp(uint16_t port) {
    return Frame().ipv4(kHost, kServer).udp(port, 53);
}

/// What the bed has asked while it did this.
template <typename Act>
Asked asked_by(Act act) {
    asked = {};
    act();
    return asked;
}

void put(Testbed& bed, Frame frame) {
    bed.inject(Side::Inside, frame.ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()).bytes());
}

/// The next hops are known then, for what waits for one searches again.
void know_neighbours(Testbed& bed) {
    put(bed, udp(1));
    bed.run();
    bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 1));
    bed.take(Side::Outside);
}

void with_inside_routing(config::Config& config) {
    config.inside_routing = true;
    config.routes = {{{ip("10.9.0.0"), 16}, ip("10.1.0.9")}};
}

void with_two_uplinks(config::Config& config) {
    config.wans.push_back({{"second wire"}, {ip("192.0.2.1"), 24}, ip("192.0.2.254")});
    config.pool.push_back({ip("192.0.2.1"), ip("192.0.2.1")});
}

}  // namespace

TEST_CASE("route search: a packet that opens a flow asks for each thing once", "[packet]") {
    Testbed bed;
    know_neighbours(bed);
    CHECK(asked_by([&] { CHECK(bed.from_inside(udp(5000)).size() == 1); }) == Asked{1, 1, 0});
    // Of its flow, and its first reply, which has yet to learn its way.
    CHECK(asked_by([&] { CHECK(bed.from_inside(udp(5000)).size() == 1); }) == Asked{0, 0, 0});
    const Frame reply = Frame().ipv4(kServer, kPublic).udp(53, 5000);
    CHECK(asked_by([&] { CHECK(bed.from_outside(reply).size() == 1); }) == Asked{1, 0, 0});
    CHECK(asked_by([&] { CHECK(bed.from_outside(reply).size() == 1); }) == Asked{0, 0, 0});
}

TEST_CASE("route search: where inside networks reach one another it is once too", "[packet]") {
    Testbed bed({.configure = with_inside_routing});
    know_neighbours(bed);
    CHECK(asked_by([&] { CHECK(bed.from_inside(udp(5000)).size() == 1); }) == Asked{1, 1, 0});
    // One that stays inside, behind a router that is known from a first packet.
    const auto within = [&](uint16_t port) {
        put(bed, Frame().ipv4(kHost, "10.9.0.1").udp(port, 53));
        bed.run();
        return bed.take(Side::Inside).size();
    };
    REQUIRE(within(5000) == 1);
    CHECK(asked_by([&] { CHECK(within(5001) == 1); }).routes == 1);
}

TEST_CASE("route search: with several uplinks it is once too", "[packet][uplinks]") {
    Testbed bed({.configure = with_two_uplinks});
    for (uint16_t port = 1; port < 20; ++port) {  // by both, so that both routers are known
        put(bed, udp(port));
        bed.run();
    }
    for (uint16_t port = 5000; port < 5010; ++port)
        CHECK(asked_by([&] {
                  put(bed, udp(port));
                  bed.run();
              }) == Asked{1, 1, 0});
    CHECK(bed.flows() == 29);
}

TEST_CASE("route search: in a burst what one has opened is looked for by those behind it",
          "[packet]") {
    Testbed bed;
    know_neighbours(bed);
    const Asked all = asked_by([&] {
        for (const uint16_t port : {5000, 5001, 5001})
            put(bed, udp(port));
        bed.run();
    });
    CHECK(all == Asked{2, 2, 1});
    CHECK(bed.take(Side::Outside).size() == 3);
    CHECK(bed.flows() == 3);
}

TEST_CASE("route search: each fragment is admitted once, by whichever worker",
          "[packet][fragment]") {
    Testbed bed(any_workers());
    know_neighbours(bed);
    const auto pieces = fragments_of(
        udp(5000).payload(3000).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac()), 1480);
    REQUIRE(pieces.size() == 3);
    CHECK(asked_by([&] {
              for (const Bytes& piece : pieces)
                  bed.inject(Side::Inside, piece);
              bed.run();
          }).admissions == 3);
    CHECK(bed.flows() == 2);
}

TEST_CASE("route search: for what leaves in pieces it is once too", "[packet][fragment]") {
    Testbed bed({.inside_mtu = 9000});
    know_neighbours(bed);
    const auto routes = [&](const std::vector<Bytes>& frames) {
        return asked_by([&] {
                   for (const Bytes& frame : frames)
                       bed.inject(Side::Inside, frame);
                   bed.run();
               })
            .routes;
    };
    const auto whole = [&](uint16_t port) {
        return udp(port).payload(1600).ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac());
    };
    for (const bool has_flow : {false, true}) {
        CAPTURE(has_flow);
        CHECK(routes(fragments_of(whole(5000).id(has_flow), 1480)) == 1);
        CHECK(bed.take(Side::Outside).size() == 2);
        CHECK(routes({whole(5001).bytes()}) == 1);  // is cut
        CHECK(bed.take(Side::Outside).size() == 2);
    }
}

}  // namespace route_search_test
