// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Limits and timeouts that a rule has of its own.

#include "catch.h"
#include "testbed.h"

#include <vector>

namespace rule_options_test {

using namespace sluice;
using namespace sluice::test;
using stats::Drop;

namespace {

constexpr auto kOwn = "10.1.0.130";   // served by a rule with options
constexpr auto kPlain = "10.1.0.11";  // and by one without

config::SnatRule upper_half() {
    return {.inside = {ip("10.1.0.128"), 25}, .addresses = {{ip(kPublic), ip(kPublic)}}};
}

TestbedOptions with(const config::SnatRule& rule, unsigned workers = 1) {
    return {.workers = workers,
            .configure = [=](config::Config& config) { config.snat.push_back(rule); }};
}

config::SnatRule with_timeouts(std::vector<std::pair<const char*, int32_t>> timeouts) {
    config::SnatRule rule = upper_half();
    for (const auto& [name, seconds] : timeouts)
        rule.timeouts[*conntrack::timeout_place(name)] = Duration::seconds(seconds);
    return rule;
}

bool opens(Testbed& bed, const char* host, uint16_t port) {
    return bed.from_inside(Frame().ipv4(host, kServer).udp(port, 53)).size() == 1;
}

}  // namespace

TEST_CASE("rule options: max-flows holds for the rule's hosts, others have what is said for all",
          "[packet][limits]") {
    config::SnatRule rule = upper_half();
    rule.limits.flows = 2;
    Testbed bed({.configure = [&](config::Config& config) {
        config.host_limits.flows = 3;
        config.snat.push_back(rule);
    }});
    for (const auto& [host, most] : {std::pair(kOwn, 2), std::pair(kPlain, 3)}) {
        for (int n = 0; n < most; ++n)
            CHECK(opens(bed, host, static_cast<uint16_t>(5000 + n)));
        CHECK_FALSE(opens(bed, host, 6000));
    }
    CHECK(bed.dropped(Drop::HostFlows) == 2);
}

TEST_CASE("rule options: 0 takes a limit away that is said for all", "[packet][limits]") {
    config::SnatRule rule = upper_half();
    rule.limits.flows = 0;
    rule.limits.new_per_second = 4;
    Testbed bed({.configure = [&](config::Config& config) {
        config.host_limits = {1, 1};
        config.snat.push_back(rule);
    }});
    for (uint16_t port = 5000; port < 5004; ++port)
        CHECK(opens(bed, kOwn, port));
    CHECK_FALSE(opens(bed, kOwn, 6000));
    CHECK(bed.dropped(Drop::HostRate) == 1);
    CHECK(opens(bed, kPlain, 5000));
    CHECK_FALSE(opens(bed, kPlain, 5001));
}

TEST_CASE("rule options: a flow has its rule's timeouts from its first packet to its last",
          "[packet]") {
    Testbed bed(with(with_timeouts({{"udp", 5}, {"udp-stream", 300}}), GENERATE(1u, 2u)));
    for (const auto host : {kOwn, kPlain})
        REQUIRE(opens(bed, host, 5000));
    bed.advance(Duration::seconds(8));
    CHECK(bed.flows() == 1);  // the other has 30 s

    const auto out = bed.from_inside(Frame().ipv4(kOwn, kServer).udp(5000, 53));
    REQUIRE(out.size() == 1);
    const auto answer = [&] {
        return bed.from_outside(Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port)).size();
    };
    bed.advance(Duration::seconds(3));
    REQUIRE(answer() == 1);
    REQUIRE(answer() == 1);  // a stream, of 120 s for others
    bed.advance(Duration::seconds(290));
    CHECK(bed.flows() == 1);
    CHECK(answer() == 1);
}

TEST_CASE("rule options: each protocol's timeouts may be a rule's", "[packet][tcp][icmp]") {
    Testbed bed(with(with_timeouts({{"tcp-syn-sent", 5}, {"icmp", 5}, {"generic", 5}})));
    for (const auto host : {kOwn, kPlain}) {
        REQUIRE(bed.from_inside(Frame().ipv4(host, kServer).tcp(5000, 80, kSyn)).size() == 1);
        REQUIRE(bed.from_inside(Frame().ipv4(host, kServer).echo_request(7)).size() == 1);
    }
    REQUIRE(bed.from_inside(Frame().ipv4(kOwn, kServer).protocol(50)).size() == 1);
    CHECK(bed.flows() == 5);
    bed.advance(Duration::seconds(8));
    CHECK(bed.flows() == 2);
    // What the rule does not say is as for all.
    REQUIRE(opens(bed, kOwn, 5000));
    bed.advance(Duration::seconds(20));
    CHECK(bed.flows() == 3);
}

}  // namespace rule_options_test
