// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What the lines of a difference between two configurations are about, of what there is.

#include "gateway/touched.h"

#include "bed_with_ipv6.h"
#include "catch.h"
#include "conntrack/timeouts.h"
#include "testbed.h"

namespace touched_test {

using namespace sluice;
using namespace sluice::test;
using Counts = std::vector<uint64_t>;

namespace {

gateway::Census count(Testbed& bed, const config::Difference& difference,
                      const config::Config& after) {
    gateway::Gateway& gateway = bed.gateway();
    const auto before = gateway.policies().current();
    const auto policy = gateway.policies().compile(after);
    REQUIRE(policy.ok());
    return gateway::count_touched({gateway.table(), gateway.hosts(), gateway.naming(), bed.now()},
                                  difference, {*before, config::rule_lines(bed.config())},
                                  {**policy, config::rule_lines(after)});
}

void send(Testbed& bed, uint16_t port, const char* host = kHost, const char* server = kServer) {
    INFO(host);
    REQUIRE(bed.from_inside(Frame().ipv4(host, server).udp(port, 53)).size() == 1);
}

}  // namespace

TEST_CASE("touched: each line of a difference is counted with its flows", "[packet]") {
    Testbed bed;
    send(bed, 5000);
    send(bed, 5001);
    send(bed, 5002, kHost, "192.0.2.9");
    config::Config after = bed.config();
    after.inside.clear();
    after.no_nat = {{{ip("10.1.0.0"), 24}, {.destination = {ip("192.0.2.0"), 24}}}};
    after.deny = {{{ip("10.1.0.0"), 24}, {.destination = {ip(kServer), 32}}}};
    const gateway::Census census = count(
        bed,
        {{{"inside", "10.1.0.0/24"}, {"pool", kPublic}},
         {{"deny", "10.1.0.0/24 to 203.0.113.10/32"}, {"no-nat", "10.1.0.0/24 to 192.0.2.0/24"}}},
        after);
    CHECK(census.gone == Counts{3, 3});
    CHECK(census.come == Counts{2, 1});
    CHECK(census.without_ground == 3);
    CHECK(gateway::count_text("pool", 1) == "1 flow");
    CHECK(gateway::count_text("pool", 3) == "3 flows");
}

TEST_CASE("touched: a timeout is about flows in its state whose rule has no other", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.snat.push_back({.inside = {ip("10.1.0.77"), 32}, .addresses = config.pool});
        config.snat[0].timeouts[*conntrack::timeout_place("udp")] = Duration::seconds(20);
    }});
    for (uint16_t port = 5000; port < 5003; ++port)
        send(bed, port);
    send(bed, 5000, "10.1.0.77");
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(5000, 80, kSyn)).size() == 1);
    config::Config after = bed.config();
    after.tuning.udp = Duration::seconds(7);
    after.tuning.udp_stream = Duration::seconds(70);
    after.tuning.tcp[conntrack::TcpState::SynSent] = Duration::seconds(9);
    const gateway::Census census = count(bed,
                                         {{{"timeout-udp", "60"}},
                                          {{"invalid", "reject"},
                                           {"timeout-icmp", "30"},  // as it was by default
                                           {"timeout-tcp-syn-sent", "9"},
                                           {"timeout-udp", "7"},
                                           {"timeout-udp-stream", "70"}}},
                                         after);
    CHECK(census.gone == Counts{3});
    CHECK(census.come == Counts{0, 0, 1, 3, 0});
    CHECK(gateway::count_text("timeout-udp", 3) == "3 flows");
    CHECK(gateway::count_text("invalid", 0).empty());
}

TEST_CASE("touched: a timeout that caps others is about flows whose own is longer", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.snat.push_back({.inside = {ip("10.1.0.77"), 32}, .addresses = config.pool});
        config.snat[0].timeouts[*conntrack::timeout_place("tcp-unacknowledged")] =
            Duration::seconds(100);
    }});
    for (const char* host : {kHost, "10.1.0.77"})  // the second has a cap of its own
        for (uint16_t port = 5000; port < 5002; ++port)
            REQUIRE(bed.from_inside(Frame().ipv4(host, kServer).tcp(port, 80, kAck)).size() == 1);
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(6000, 80, kSyn)).size() == 1);
    send(bed, 5000);
    // A connection has five days by itself, an attempt two minutes.
    config::Config after = bed.config();
    after.tuning.tcp_unacknowledged = Duration::seconds(120);
    after.tuning.tcp_max_retrans_timeout = Duration::seconds(119);
    after.fragments.timeout = Duration::seconds(5);
    const gateway::Census census = count(bed,
                                         {{{"timeout-tcp-unacknowledged", "300"}},
                                          {{"fragment-timeout", "5"},
                                           {"timeout-tcp-max-retrans", "119"},
                                           {"timeout-tcp-unacknowledged", "120"}}},
                                         after);
    CHECK(census.gone == Counts{2});
    CHECK(census.come == Counts{0, 5, 2});
    CHECK(gateway::count_text("timeout-tcp-unacknowledged", 1) == "1 flow that it may cap");
    CHECK(gateway::count_text("timeout-tcp-max-retrans", 5) == "5 flows that it may cap");
    CHECK(gateway::count_text("fragment-timeout", 0) == "0 datagrams");
}

TEST_CASE("touched: a cap above a flow's own timeout, before and after, is about none of it",
          "[packet]") {
    Testbed bed;
    REQUIRE(bed.from_inside(Frame().ipv4(kHost, kServer).tcp(6000, 80, kSyn)).size() == 1);
    config::Config after = bed.config();
    const auto [seconds, flows] = GENERATE(std::pair(200, 0), std::pair(120, 0), std::pair(60, 1));
    after.tuning.tcp_unacknowledged = Duration::seconds(seconds);
    const gateway::Census census =
        count(bed, {{}, {{"timeout-tcp-unacknowledged", std::to_string(seconds)}}}, after);
    CHECK(census.come == Counts{static_cast<uint64_t>(flows)});
}

TEST_CASE("touched: a limit is about who has more than it allows", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.snat.push_back({.inside = {ip("10.1.0.77"), 32}, .addresses = config.pool});
        config.snat[0].limits.flows = 100;
    }});
    for (const char* host : {kHost, "10.1.0.77"})  // the second has a limit of its own
        for (uint16_t port = 5000; port < 5003; ++port)
            send(bed, port, host);
    send(bed, 5000, "10.1.0.78");
    config::Config after = bed.config();
    after.host_limits.flows = 2;
    after.quotas.inside_prefix = {24, 6};
    after.quotas.outside_prefix = {24, 6};
    const gateway::Census census = count(bed,
                                         {{{"max-flows-per-host", "500"}},
                                          {{"max-flows-per-host", "2"},
                                           {"max-flows-per-outside-prefix", "24:6"},
                                           {"max-flows-per-prefix", "24:6"}}},
                                         after);
    CHECK(census.gone == Counts{1});
    CHECK(census.come == Counts{1, 0, 1});
    CHECK(gateway::count_text("max-flows-per-host", 1) == "1 host above the new limit");
}

TEST_CASE("touched: a limit of prefixes is about those of IPv6 as well", "[packet][nat64]") {
    Ipv6Bed ipv6;
    for (const auto& [host, port] : {std::pair(kHost6, 5000), {kHost6, 5001}, {kOther6, 5000}})
        ask(ipv6, host, static_cast<uint16_t>(port));
    send(ipv6.bed, 5000);
    config::Config after = ipv6.bed.config();
    const uint32_t most = GENERATE(2u, 3u);
    after.quotas.inside_prefix = {24, 1};
    after.quotas.inside_prefix6 = {64, most};
    const gateway::Census census =
        count(ipv6.bed, {{}, {{"max-flows-per-prefix", "24:1,64:" + std::to_string(most)}}}, after);
    CHECK(census.come == Counts{most == 2 ? uint64_t{1} : uint64_t{0}});
}

TEST_CASE("touched: a limit that is met but not passed is about nobody, and so is none",
          "[packet]") {
    Testbed bed;
    for (uint16_t port = 5000; port < 5003; ++port)
        send(bed, port);
    config::Config after = bed.config();
    after.host_limits.flows = GENERATE(0u, 3u);
    const gateway::Census census = count(bed, {{}, {{"max-flows-per-host", "3"}}}, after);
    CHECK(census.come == Counts{0});
}

TEST_CASE("touched: what outside hosts may have is about the flows above it", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.forwards = {{net::Protocol::Udp,
                            {ip(kPublic), Be16::from_host(8080)},
                            {ip(kHost), Be16::from_host(80)}}};
    }});
    for (uint16_t port = 9000; port < 9003; ++port)
        REQUIRE(bed.from_outside(Frame().ipv4(kServer, kPublic).udp(port, 8080)).size() == 1);
    config::Config after = bed.config();
    after.quotas.inward = 2;
    after.quotas.outside_prefix = {24, 2};
    const gateway::Census census = count(
        bed, {{}, {{"max-flows-from-outside", "2"}, {"max-flows-per-outside-prefix", "24:2"}}},
        after);
    CHECK(census.come == Counts{1, 1});
}

TEST_CASE("touched: of blocks hosts are counted, of mappings' timeout the mappings", "[packet]") {
    Testbed bed({.configure = [](config::Config& config) {
        config.holders.blocks = {.size = 64, .per_host = 4};
        config.snat.push_back(
            {.inside = {ip("10.1.0.78"), 32},
             .addresses = {{ip("198.51.100.20"), ip("198.51.100.20")}},
             .independence = policy::Independence{{{net::Protocol::Udp}}, pool::kAllPorts}});
    }});
    for (uint16_t port = 5000; port < 5070; ++port)
        send(bed, port);
    send(bed, 5000, "10.1.0.78");
    config::Config after = bed.config();
    after.holders.blocks.per_host = 1;
    after.holders.mapping_timeout = Duration::seconds(60);
    const gateway::Census census =
        count(bed, {{}, {{"mapping-timeout", "60"}, {"port-blocks-per-host", "1"}}}, after);
    CHECK(census.come == Counts{1, 1});
    CHECK(gateway::count_text("mapping-timeout", 1) == "1 mapping");
}

}  // namespace touched_test
