// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// How often the rules are searched. The linker puts the counter below between Classifier::search()
/// and its callers (meson.build), so that what is counted are the calls of the workers themselves.

#include "catch.h"
#include "policy/classifier.h"
#include "testbed.h"

namespace rule_search_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;

// Not in a nameless namespace: the linker knows them.
uint32_t real_search(const policy::Classifier* classifier, const net::Tuple& packet) asm(
    "__real__ZNK6sluice6policy10Classifier6searchERKNS_3net5TupleE");
uint32_t counted_search(const policy::Classifier* classifier, const net::Tuple& packet) asm(
    "__wrap__ZNK6sluice6policy10Classifier6searchERKNS_3net5TupleE");

static int searches = 0;

uint32_t counted_search(const policy::Classifier* classifier, const net::Tuple& packet) {
    ++searches;
    return real_search(classifier, packet);
}

namespace {

/// A rule that names whom it is for, without which there is nothing to search, and mappings.
void with_rules(config::Config& config) {
    config::SnatRule toward{.inside = {ip("10.1.0.0"), 24},
                            .addresses = {{ip("198.51.100.7"), ip("198.51.100.7")}}};
    toward.toward.destination = {ip("203.0.113.64"), 26};
    config.snat.push_back(toward);
    config.snat.push_back(
        {.inside = {ip("10.1.0.128"), 25},
         .addresses = {{ip("198.51.100.10"), ip("198.51.100.10")}},
         .independence = policy::Independence{
             {{net::Protocol::Udp}}, {40000, 49999}, policy::Filtering::EndpointIndependent}});
}

/// Puts a frame on the inside wire, and runs nothing.
void put(Testbed& bed, Frame frame) {
    bed.inject(Side::Inside, frame.ether(mac_of(ip(kHost)), mac(0x11)).bytes());
}

/// What the bed has searched while it did this.
template <typename Act>
int searches_of(Act act) {
    const int before = searches;
    act();
    return searches - before;
}

constexpr auto kMapped = "10.1.0.130";

}  // namespace

TEST_CASE("rule search: a packet that opens a flow searches the rules once", "[packet]") {
    Testbed bed({.configure = with_rules});
    const auto opened_by = [&](const char* source, const char* destination) {
        return searches_of([&] {
            REQUIRE(bed.from_inside(Frame().ipv4(source, destination).udp(5000, 53)).size() == 1);
        });
    };
    CHECK(opened_by(kHost, kServer) == 1);
    CHECK(opened_by(kHost, "203.0.113.70") == 1);
    CHECK(opened_by(kMapped, kServer) == 1);         // with a mapping
    CHECK(opened_by(kMapped, "203.0.113.11") == 1);  // by a mapping that is there
    CHECK(bed.flows() == 5);                         // four and the mapping
    CHECK(opened_by(kMapped, kServer) == 0);         // of a flow
    CHECK(opened_by(kHost, kServer) == 0);
}

TEST_CASE("rule search: between two inside hosts the rules of each are searched once", "[packet]") {
    Testbed bed({.configure = with_rules});
    const auto mapped = bed.from_inside(Frame().ipv4(kMapped, kServer).udp(5000, 53));
    REQUIRE(mapped.size() == 1);
    CHECK(searches_of([&] {
              put(bed,
                  Frame().ipv4(kHost, mapped[0].source.c_str()).udp(6000, mapped[0].source_port));
              bed.run();
          }) == 1);
    CHECK(bed.take(Side::Inside).size() == 1);
}

TEST_CASE("rule search: each packet of a burst searches once, whatever becomes of it", "[packet]") {
    Testbed bed({.configure = with_rules});
    CHECK(searches_of([&] {
              for (uint16_t port = 5000; port < 5010; ++port)
                  put(bed, Frame().ipv4(kHost, kServer).udp(port, 53));
              put(bed, Frame().ipv4("10.2.0.1", kServer).udp(1, 53));
              put(bed, Frame().ipv4(kHost, kServer).udp(5000, 53));
              bed.run();
          }) == 12);
    CHECK(bed.flows() == 10);
    CHECK(bed.dropped(stats::Drop::ForeignSource) == 1);
}

TEST_CASE("rule search: what comes from outside searches none", "[packet]") {
    Testbed bed({.configure = with_rules});
    CHECK(searches_of([&] {
              CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, 5000)).empty());
          }) == 0);
}

TEST_CASE("rule search: a SYN on a finished connection searches once", "[packet]") {
    Testbed bed({.configure = with_rules});
    const auto syn = [&](uint32_t seq) {
        return Frame().ipv4(kHost, kServer).tcp(5000, 80, kSyn).seq(seq);
    };
    REQUIRE(bed.from_inside(syn(1)).size() == 1);
    const auto refusal = Frame().ipv4(kServer, kPublic).tcp(80, 5000, kRst | kAck).seq(0).ack(2);
    REQUIRE(bed.from_outside(refusal).size() == 1);
    CHECK(searches_of([&] { CHECK(bed.from_inside(syn(1000)).size() == 1); }) == 1);
    CHECK(bed.count(stats::Count::FlowsOpened) == 2);
}

}  // namespace rule_search_test
