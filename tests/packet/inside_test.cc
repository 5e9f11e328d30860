// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Several inside interfaces: replies go by that of the longest match, and inside networks reach
/// one another where the operator lets them.

#include "catch.h"
#include "testbed.h"

namespace inside_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kOther = "10.2.0.10";  // on the second inside interface
constexpr auto kBehind = "10.9.0.7";  // behind a router there, and nobody serves it
constexpr size_t kSecond = 1;

/// 10.1.0.0/24 and 10.2.0.0/24, on one port with tags or on two.
struct Insides {
    Testbed bed;

    explicit Insides(bool routes, bool on_one_port = false, unsigned workers = 1)
        : bed({.workers = workers, .configure = [=](config::Config& config) {
                   config.lans.push_back({{"second wire"}, {ip("10.2.0.1"), 24}});
                   if (on_one_port) {
                       config.lans[0].at = {"trunk", 10};
                       config.lans[1].at = {"trunk", 11};
                   }
                   config.inside.push_back({ip("10.2.0.0"), 24});
                   config.routes = {{{ip("10.9.0.0"), 16}, ip("10.2.0.99")}};
                   config.inside_routing = routes;
               }}) {}

    /// A frame of the second interface; returns what came out of another one.
    std::vector<Seen> from_second(Frame frame, Side to) {
        bed.inject_on(kSecond, frame.ether(mac_of(ip(kOther)), second_mac()).bytes());
        bed.run();
        return bed.take(to);
    }
    MacAddress second_mac() { return bed.port(Side::Inside).mac(); }  // all inside wires have it
};

Frame udp(const char* from, uint16_t port, const char* to, uint16_t to_port) {
    return Frame().ipv4(from, to).udp(port, to_port).payload(9);
}

}  // namespace

TEST_CASE("inside: a reply goes by the interface on whose network its host is", "[packet]") {
    Insides insides(false, GENERATE(false, true), GENERATE(1u, 2u));
    CHECK(insides.bed.from_inside(udp(kHost, 5000, kServer, 53)).size() == 1);
    CHECK(insides.from_second(udp(kOther, 5001, kServer, 53), Side::Outside).size() == 1);
    insides.bed.from_outside(udp(kServer, 53, kPublic, 5000));
    insides.bed.from_outside(udp(kServer, 53, kPublic, 5001));
    CHECK(insides.bed.take_of(kSecond).size() == 1);
    CHECK(insides.bed.take(Side::Inside).empty());  // from_outside() has taken the other
}

TEST_CASE("inside: networks do not reach one another unless the operator says so", "[packet]") {
    Insides insides(false);
    insides.bed.from_inside(udp(kHost, 5000, kOther, 53));
    insides.bed.from_inside(udp(kHost, 5000, kBehind, 53));
    CHECK(insides.bed.dropped(Drop::InsideDestination) == 2);
    CHECK(insides.bed.take_of(kSecond).empty());
    CHECK(insides.bed.flows() == 0);
}

TEST_CASE("inside: with --inside-routing they do, untranslated and tracked", "[packet]") {
    Insides insides(true, GENERATE(false, true));
    CHECK(insides.bed.from_inside(udp(kHost, 5000, kOther, 53)).empty());
    const auto there = insides.bed.take_of(kSecond);
    REQUIRE(there.size() == 1);
    CHECK(there[0].source == kHost);
    CHECK(there[0].source_port == 5000);
    CHECK(there[0].ttl == 63);
    CHECK(there[0].checksums_ok());
    const auto back = insides.from_second(udp(kOther, 53, kHost, 5000), Side::Inside);
    REQUIRE(back.size() == 1);
    CHECK(back[0].source == kOther);
    CHECK(insides.bed.flows() == 1);
    CHECK(insides.bed.count(Count::FlowsUntranslated) == 1);
    CHECK(insides.bed.count(Count::FlowsHairpinned) == 0);
}

TEST_CASE("inside: what lies behind a router there is reached by its route", "[packet]") {
    Insides insides(true);
    insides.bed.from_inside(udp(kHost, 5000, kBehind, 53));
    const auto there = insides.bed.take_of(kSecond);
    REQUIRE(there.size() == 1);
    CHECK(there[0].source == kHost);
    CHECK(there[0].destination_mac == mac_of(ip("10.2.0.99")));
}

TEST_CASE("inside: routing is tracking: what conntrack refuses does not pass", "[packet][tcp]") {
    Insides insides(true);
    insides.bed.from_inside(Frame().ipv4(kHost, kOther).tcp(5000, 80, kFin | kAck));
    CHECK(insides.bed.dropped(Drop::InvalidUntrackedFin) == 1);
    CHECK(insides.bed.take_of(kSecond).empty());
}

TEST_CASE("inside: routing is among inside networks alone", "[packet][leak]") {
    Insides insides(true);
    // From outside nothing comes in, and to the world nothing leaves untranslated.
    CHECK(insides.bed.from_outside(udp(kServer, 53, kOther, 5000)).empty());
    CHECK(insides.bed.dropped(Drop::OutsideToInside) == 1);
    const auto out = insides.bed.from_inside(udp(kHost, 5000, kServer, 53));
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    CHECK(insides.bed.from_inside(udp("10.3.0.1", 5000, kOther, 53)).empty());
    CHECK(insides.bed.dropped(Drop::ForeignSource) == 1);
}

TEST_CASE("inside: the gateway is known by its address on each network", "[packet][icmp]") {
    Insides insides(true);
    insides.from_second(Frame().ipv4(kOther, "10.2.0.1").echo_request(7), Side::Outside);
    CHECK(insides.bed.take_of(kSecond).size() == 1);
    insides.from_second(Frame().ipv4(kOther, kServer).ttl(1).udp(5000, 53), Side::Outside);
    const auto error = insides.bed.take_of(kSecond);
    REQUIRE(error.size() == 1);
    CHECK(error[0].source == "10.2.0.1");
    CHECK(error[0].icmp_type == 11);
}

}  // namespace inside_test
