// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --state with IPv6: the next gateway knows which host has which number, and no flow goes on to
/// another one.

#include "bed_with_ipv6.h"
#include "before_and_after.h"
#include "catch.h"

#include <algorithm>
#include <memory>

namespace nat64_restart_test {

using namespace sluice;
using namespace sluice::test;
using stats::Count;
using stats::Drop;

namespace {

Restarts<Ipv6Bed> restarts() {
    return Restarts<Ipv6Bed>([](TestbedOptions options, const auto& change) {
        options.configure = [change](config::Config& config) {
            change(config);
            serve_ipv6(config);
        };
        return std::make_unique<Ipv6Bed>(std::move(options));
    });
}

}  // namespace

TEST_CASE("restart of NAT64: flows go on in both directions, for their hosts",
          "[packet][nat64][restart]") {
    auto life = restarts();
    const uint16_t port = ask(life.bed(), kHost6);
    const uint16_t other = ask(life.bed(), kOther6);
    const auto syn = life.bed().send(to_server(tcp6(40000, 80, kSyn, 1000, 0), kHost6));
    REQUIRE(syn.size() == 1);
    const Frame back = Frame().ipv4(kServer, kPublic);
    REQUIRE(life.bed()
                .answer_from_outside(
                    Frame(back).tcp(80, syn[0].source_port, kSyn | kAck).seq(7000).ack(1001))
                .size() == 1);

    Ipv6Bed& ipv6 = life.restart();
    CHECK(ipv6.bed.count(Count::FlowsAdopted) == 3);
    CHECK(answered(ipv6, other) == kOther6);
    CHECK(answered(ipv6, port) == kHost6);
    CHECK(ask(ipv6, kHost6) == port);
    CHECK(ipv6.send(to_server(tcp6(40000, 80, kAck, 1001, 7001), kHost6)).size() == 1);
    CHECK(ipv6.send(to_server(tcp6(40000, 80, kAck, 900'000'000, 7001), kHost6)).empty());
    CHECK(ipv6.bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("restart of NAT64: flows that go on count for the prefix of their hosts",
          "[packet][nat64][restart]") {
    auto life = restarts();
    connect(life.bed(), kHost6);
    connect(life.bed(), kOther6);
    Ipv6Bed& ipv6 = life.restart([](config::Config& config) {
        config.quotas.inside_prefix6 = {64, 2};
    });
    CHECK(ipv6.bed.count(Count::FlowsAdopted) == 2);
    const Frame6 question = to_server(udp6(6000, 53), "2001:db8:1::30");
    CHECK(ipv6.send(question).empty());
    CHECK(ipv6.bed.dropped(Drop::PrefixFlows) == 1);
    CHECK(ipv6.send(to_server(tcp6(40000, 80, kRst, 1001, 0), kHost6)).size() == 1);
    ipv6.bed.advance(Duration::seconds(20));  // --timeout-tcp-close, and what ageing takes
    CHECK(ipv6.send(question).size() == 1);
}

TEST_CASE("restart of NAT64: a table of another size has the hosts too",
          "[packet][nat64][restart]") {
    auto life = restarts();
    const uint16_t port = ask(life.bed(), kHost6);
    life.options().flows = 2048;
    CHECK(answered(life.restart(), port) == kHost6);
}

TEST_CASE("restart of NAT64: IPv4 hosts keep their flows when IPv6 comes and goes",
          "[packet][nat64][restart]") {
    Estate estate;
    TestbedOptions options;
    options.estate = &estate;
    options.configure = [](config::Config& config) { config.lans[0].at.vlan = link::kUntagged; };
    uint16_t port = 0;
    {
        Testbed bed(options);
        const auto out = bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53));
        REQUIRE(out.size() == 1);
        port = out[0].source_port;
        const Estate left = estate;
        options.start = bed.now();
        estate = left;
    }
    const Frame answer = Frame().ipv4(kServer, kPublic).udp(53, port).payload(20);
    Estate left = estate;
    {
        Ipv6Bed ipv6(ipv6_options(options));
        CHECK(ipv6.bed.count(Count::FlowsAdopted) == 1);
        CHECK(ipv6.bed.from_outside(answer).size() == 1);
        ask(ipv6, kHost6);
        left = estate;
    }
    estate = left;
    Testbed bed(options);
    CHECK(bed.from_outside(answer).size() == 1);
}

TEST_CASE("restart of NAT64: without its host a flow ends, and reaches no other",
          "[packet][nat64][restart]") {
    auto life = restarts();
    const uint16_t port = ask(life.bed(), kHost6);
    const auto forget = [](Estate& estate) { std::ranges::fill(estate.numbers(), std::byte{}); };
    const bool is_other_plan = GENERATE(false, true);
    Ipv6Bed& ipv6 = is_other_plan ? life.restart([](config::Config& config) {
        config.snat.push_back({.inside = {},
                               .addresses = config.pool,
                               .inside6 = net::parse_ipv6_prefix("2001:db8:1::/80")});
    })
                                  : life.restart({}, forget);
    CHECK(ipv6.bed.count(Count::FlowsAdopted) == 0);
    CHECK(ipv6.bed.count(Count::StateUnheld) == 1);
    for (int i = 0x100; i < 0x400; ++i) {  // one of them may have the number by now
        std::array<char, 32> host{};
        std::snprintf(host.data(), host.size(), "2001:db8:1::%x", i);
        ipv6.send(to_server(udp6(6000, 53), host.data()));
    }
    CHECK(answered(ipv6, port).empty());
}

}  // namespace nat64_restart_test
