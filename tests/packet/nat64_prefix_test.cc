// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What is said of IPv6 prefixes and hosts: rules, denials, routes and forwards.

#include "bed_with_ipv6.h"
#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

#include <array>
#include <cstdio>

namespace nat64_prefix_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Drop;

namespace {

constexpr auto kSecond = "198.51.100.7";    // of a pool of its own
constexpr auto kBehind = "2001:db8:2::10";  // a host behind a router
constexpr auto kRouter6 = "fe80::99";

config::SnatRule rule(const char* inside, const char* address) {
    return {.inside = {}, .addresses = {{ip(address), ip(address)}}, .inside6 = prefix6(inside)};
}

TestbedOptions with(const std::function<void(config::Config&)>& change) {
    TestbedOptions options;
    options.configure = [change](config::Config& config) {
        change(config);
        serve_ipv6(config);
    };
    return options;
}

Frame6 ask(const char* host, uint16_t port = 53) {
    return {.source = host, .destination = kServer6, .upper = udp6(5000, port)};
}

/// The public address that the host's question leaves with; "" where it does not.
std::string leaves_as(Ipv6Bed& ipv6, const char* host, uint16_t port = 53) {
    const auto out = ipv6.send(ask(host, port));
    return out.empty() ? "" : out[0].source;
}

}  // namespace

TEST_CASE("nat64 rules: the longest prefix around a host has its pool", "[packet][nat64]") {
    Ipv6Bed ipv6(with([](config::Config& config) {
        config.snat = {rule("2001:db8:1:0:a::/80", kSecond),
                       rule("2001:db8:1:0:a:b::/96", kPublic)};
    }));
    for (int i = 2; i < 100; ++i) {  // 1 is the gateway's
        std::array<char, 40> host{};
        const auto named = [&](const char* form) {
            std::snprintf(host.data(), host.size(), form, i);
            return host.data();
        };
        CHECK(leaves_as(ipv6, named("2001:db8:1::%x")) == kPublic);
        CHECK(leaves_as(ipv6, named("2001:db8:1:0:a::%x")) == kSecond);
        CHECK(leaves_as(ipv6, named("2001:db8:1:0:a:b:0:%x")) == kPublic);
    }
}

TEST_CASE("nat64 rules: one host has a rule, and one is denied a port", "[packet][nat64]") {
    Ipv6Bed ipv6(with([](config::Config& config) {
        config.snat = {rule("2001:db8:1::20/128", kSecond)};
        config.deny = {{.inside = {},
                        .toward = {.protocol = net::Protocol::Udp, .ports = {99, 99}},
                        .inside6 = prefix6("2001:db8:1::10/128")}};
    }));
    CHECK(leaves_as(ipv6, kHost6) == kPublic);
    CHECK(leaves_as(ipv6, kOther6) == kSecond);
    CHECK(leaves_as(ipv6, kHost6, 99).empty());
    CHECK(ipv6.bed.dropped(Drop::Denied) == 1);
    CHECK(leaves_as(ipv6, kOther6, 99) == kSecond);
}

TEST_CASE("nat64 routes: hosts behind a router are served, and answered by it", "[packet][nat64]") {
    Ipv6Bed ipv6(with(
        [](config::Config& config) { config.routes = {route6("2001:db8:2::/48", kRouter6)}; }));
    Frame6 question = ask(kBehind);
    question.source_mac = mac_of6(kRouter6);
    question.destination_mac = ipv6.gateway_mac();
    ipv6.bed.inject(Side::Inside, question.bytes());
    ipv6.settle();
    const auto out = ipv6.bed.take(Side::Outside);
    REQUIRE(out.size() == 1);
    CHECK(out[0].source == kPublic);
    const auto in = ipv6.answer_from_outside(
        Frame().ipv4(kServer, kPublic).udp(53, out[0].source_port).payload(20));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kBehind);
    CHECK(in[0].destination_mac == mac_of6(kRouter6));
    REQUIRE(ipv6.solicited.size() == 1);
    CHECK(text6(&ipv6.solicited[0].transport.at(8)) == kRouter6);
}

TEST_CASE("nat64 routes: without one a host of another subnet is not served", "[packet][nat64]") {
    Ipv6Bed ipv6(with(
        [](config::Config& config) { config.routes = {route6("2001:db8:3::/48", kRouter6)}; }));
    CHECK(leaves_as(ipv6, kBehind).empty());
    CHECK(ipv6.bed.dropped(Drop::Ipv6Source) == 1);
}

TEST_CASE("nat64 forwards: a host is reached before it has sent anything", "[packet][nat64]") {
    Ipv6Bed ipv6(with([](config::Config& config) {
        pool::Forward forward;
        forward.protocol = net::Protocol::Udp;
        forward.external = {ip(kPublic), Be16::from_host(8053)};
        forward.internal = {{}, Be16::from_host(53)};
        forward.internal6 = v6(kHost6);
        config.forwards = {forward};
    }));
    const auto in =
        ipv6.answer_from_outside(Frame().ipv4(kServer, kPublic).udp(4000, 8053).payload(20));
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].source == canonical(kServer6));
    CHECK(in[0].word(0) == 4000);
    CHECK(in[0].word(2) == 53);
    const auto out =
        ipv6.send({.source = kHost6, .destination = kServer6, .upper = udp6(53, 4000)});
    REQUIRE(out.size() == 1);
    CHECK(out[0].source_port == 8053);
}

TEST_CASE("nat64 rules: what is said of a prefix holds for a host of it that is named",
          "[packet][nat64]") {
    Ipv6Bed ipv6(with([](config::Config& config) {
        config.snat = {rule("2001:db8:1::/64", kSecond)};
        config.deny = {{.inside = {},
                        .toward = {.protocol = net::Protocol::Udp, .ports = {99, 99}},
                        .inside6 = prefix6("2001:db8:1::/64")}};
        pool::Forward forward;
        forward.protocol = net::Protocol::Udp;
        forward.external = {ip(kPublic), Be16::from_host(8053)};
        forward.internal = {{}, Be16::from_host(7000)};
        forward.internal6 = v6(kHost6);
        config.forwards = {forward};
    }));
    for (const char* host : {kHost6, kOther6}) {
        CHECK(leaves_as(ipv6, host) == kSecond);
        CHECK(leaves_as(ipv6, host, 99).empty());
    }
    CHECK(ipv6.bed.dropped(Drop::Denied) == 2);
}

}  // namespace nat64_prefix_test
