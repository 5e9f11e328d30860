// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// What holds for flows of IPv4 hosts holds for those of IPv6 hosts: limits, blocks, mappings and
/// their filters, helpers.

#include "bed_with_ipv6.h"
#include "bed_with_route6.h"
#include "catch.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace nat64_policy_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using policy::Filtering;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kStranger = "203.0.113.99";
constexpr auto kStranger6 = "64:ff9b::203.0.113.99";
constexpr auto kBehind6 = "2001:db8:2::10";
constexpr uint16_t kBlockSize = 16;
const Bytes kRequest{0, 1, 'f', 0, 'o', 'c', 't', 'e', 't', 0};  // of TFTP

/// One rule, for IPv6 hosts alone.
TestbedOptions with_rule(
    std::optional<policy::Independence> independence,
    const std::function<void(config::Config&)>& more = [](config::Config&) {}) {
    return ipv6_options({}, [independence, more](config::Config& config) {
        config.snat = {{.inside = config.lans.back().own.network(),
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .independence = independence}};
        config.inside.clear();
        config.pool.clear();
        more(config);
    });
}

/// The public port that a datagram leaves from; nothing where it does not leave.
std::optional<uint16_t> leaves_from(Ipv6Bed& ipv6, const char* host, uint16_t port,
                                    const char* server = kServer6) {
    const auto out = ipv6.send({.source = host, .destination = server, .upper = udp6(port, 53)});
    REQUIRE(out.size() <= 1);
    return out.empty() ? std::nullopt : std::optional(out[0].source_port);
}

/// Of two prefixes of 64 bits, one of them behind a router.
TestbedOptions with_prefix_limits() {
    TestbedOptions options;
    options.configure = [](config::Config& config) {
        config.routes = {route6("2001:db8:2::/48", "fe80::99")};
        config.quotas.inside_prefix = {24, 3};
        config.quotas.inside_prefix6 = {64, 10};
        serve_ipv6(config);
    };
    return options;
}

/// What is said of it beforehand.
bool says_to_leave(Testbed& bed, const Frame6& frame) {
    const auto policy = bed.gateway().policies().current();
    const why::Answer answer =
        bed.gateway().ask({.frame = frame.bytes(), .side = Side::Inside}, *policy, bed.now());
    CHECK((answer.fate != why::Fate::Dropped || answer.reason == Drop::PrefixFlows));
    return answer.fate != why::Fate::Dropped;
}

uint16_t block_of(uint16_t port) {
    return port / kBlockSize;
}

void serve_tftp(config::Config& config) {
    config.helpers = {{}, {69}, {}};
}

}  // namespace

TEST_CASE("nat64 policy: an IPv6 host has no more than --max-flows-per-host, others the same",
          "[packet][nat64][limits]") {
    Ipv6Bed ipv6(ipv6_options({}, [](config::Config& config) { config.host_limits = {5, 0}; }));
    for (uint16_t port = 5000; port < 5005; ++port)
        REQUIRE(leaves_from(ipv6, kHost6, port));
    CHECK_FALSE(leaves_from(ipv6, kHost6, 6000));
    CHECK(ipv6.bed.dropped(Drop::HostFlows) == 1);
    CHECK(leaves_from(ipv6, kHost6, 5000));
    CHECK(leaves_from(ipv6, kOther6, 6000));
    ipv6.bed.advance(Duration::seconds(35));  // they expire
    CHECK(leaves_from(ipv6, kHost6, 6000));
}

TEST_CASE("nat64 policy: the hosts of an IPv6 prefix have so many flows together",
          "[packet][nat64][limits]") {
    Ipv6Bed ipv6(with_prefix_limits());
    // Those that wait may go for others, where they are near their place.
    unsigned left = 0;
    for (unsigned i = 0; i < 30; ++i) {
        const Frame6 question = to_server(udp6(static_cast<uint16_t>(5000 + i), 53),
                                          "2001:db8:1::1" + std::to_string(i % 8));
        const bool is_said_to_leave = says_to_leave(ipv6.bed, question);
        const bool has_left = !ipv6.send(question).empty();
        CHECK(has_left == is_said_to_leave);
        left += has_left;
    }
    CHECK(left >= 10);
    CHECK(left + ipv6.bed.dropped(Drop::PrefixFlows) == 30);
    CHECK(ipv6.bed.flows() == 10);
    // Another prefix has its own, and IPv4 hosts have theirs.
    CHECK(leaves_from(ipv6, kBehind6, 5000));
    for (uint16_t port = 5000; port < 5003; ++port)
        CHECK(ipv6.bed.from_inside(Frame().ipv4(kHost, kServer).udp(port, 53)).size() == 1);
    CHECK(ipv6.bed.flows() == 14);
    ipv6.bed.advance(Duration::seconds(35));
    CHECK(leaves_from(ipv6, kOther6, 6000));
}

TEST_CASE("nat64 policy: an IPv6 host has ports of its own blocks, and is named as their holder",
          "[packet][nat64][blocks]") {
    Ipv6Bed ipv6(with_rule({}, [](config::Config& config) {
        config.snat[0].ports = {1000, 1024 + 8 * kBlockSize - 1};
        config.holders.blocks = {kBlockSize, 2};
    }));
    std::set<uint16_t> of_host;
    std::set<uint16_t> of_other;
    for (uint16_t port = 5000; port < 5000 + 2 * kBlockSize; ++port) {
        of_host.insert(block_of(leaves_from(ipv6, kHost6, port).value()));
        of_other.insert(block_of(leaves_from(ipv6, kOther6, port).value()));
    }
    CHECK(of_host.size() == 2);
    CHECK(of_other.size() == 2);
    CHECK(std::ranges::none_of(of_host, [&](uint16_t block) { return of_other.contains(block); }));
    CHECK_FALSE(leaves_from(ipv6, kHost6, 6000));
    CHECK(ipv6.bed.dropped(Drop::HostBlocks) == 1);
    ipv6.bed.advance(Duration::seconds(2));
    const std::string begin = std::string(kHost6) + " has " + kPublic + ':';
    CHECK(std::ranges::count_if(ipv6.bed.notices, [&](const std::string& notice) {
              return notice.starts_with(begin);
          }) == 2);
}

TEST_CASE("nat64 policy: an endpoint is mapped for all, and its filter says who reaches it",
          "[packet][nat64][rfc6146]") {
    const auto filtering = GENERATE(Filtering::EndpointIndependent, Filtering::AddressDependent,
                                    Filtering::EndpointDependent);
    Ipv6Bed ipv6(
        with_rule(policy::Independence{{{net::Protocol::Udp}}, pool::kAllPorts, filtering}));
    const uint16_t of_other = leaves_from(ipv6, kOther6, 5000).value();
    const uint16_t port = leaves_from(ipv6, kHost6, 5000).value();
    CHECK(port != of_other);
    const auto reaches = [&](const char* from, uint16_t from_port) {
        const auto in = ipv6.answer_from_outside(Frame().ipv4(from, kPublic).udp(from_port, port));
        return in.size() == 1 && in[0].source == canonical(std::string("64:ff9b::") + from) &&
               in[0].destination == kHost6 && in[0].word(2) == 5000 && in[0].checksum_ok;
    };
    CHECK(reaches(kServer, 53));
    CHECK(reaches(kServer, 54) == (filtering != Filtering::EndpointDependent));
    CHECK(reaches(kStranger, 53) == (filtering == Filtering::EndpointIndependent));
    CHECK(leaves_from(ipv6, kHost6, 5000, kStranger6) == port);
    CHECK(reaches(kStranger, 53));
}

TEST_CASE("nat64 policy: --helper tftp lets the answer in from another port",
          "[packet][nat64][helper][udp]") {
    Ipv6Bed ipv6(ipv6_options({}, serve_tftp));
    const auto out = ipv6.send(to_server(udp6(40'001, 69, kRequest)));
    REQUIRE(out.size() == 1);
    const auto answer = [&](const char* from) {
        return ipv6.answer_from_outside(
            Frame().ipv4(from, kPublic).udp(51'000, out[0].source_port).payload(20));
    };
    CHECK(answer(kStranger).empty());
    const auto in = answer(kServer);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == canonical(kServer6));
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].word(0) == 51'000);
    CHECK(in[0].word(2) == 40'001);
    const auto ack = ipv6.send(to_server(udp6(40'001, 51'000)));
    REQUIRE(ack.size() == 1);
    CHECK(ack[0].source_port == out[0].source_port);
    CHECK(ipv6.bed.count(Count::FlowsRelated) == 1);
}

TEST_CASE("route6: the hosts of an IPv6 prefix have so many flows together",
          "[packet][route6][limits]") {
    Route6Bed r6(route6_options({}, [](config::Config& config) {
        config.quotas.inside_prefix6 = {64, 2};
    }));
    unsigned left = 0;
    for (const char* host : {kHost6, "2001:db8:1::11", "2001:db8:1::12"})
        for (uint16_t port = 5000; port < 5003; ++port) {
            Frame6 question = to_world6(udp6(port, 53));
            question.source = host;
            left += !r6.send(Side::Inside, question).empty();
        }
    CHECK(left >= 2);
    CHECK(left + r6.bed.dropped(Drop::PrefixFlows) == 9);
    CHECK(r6.bed.flows() == 2);
}

TEST_CASE("route6: --helper tftp lets the answer in from another port",
          "[packet][route6][helper][udp]") {
    Route6Bed r6(route6_options({}, serve_tftp));
    REQUIRE(r6.send(Side::Inside, to_world6(udp6(40'001, 69, kRequest))).size() == 1);
    Frame6 answer = from_world6(udp6(51'000, 40'001));
    answer.source = kFarRouter6;
    CHECK(r6.send(Side::Outside, answer).empty());
    answer.source = kWorld6;
    const auto in = r6.send(Side::Outside, answer);
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kWorld6);
    CHECK(in[0].destination == kHost6);
    CHECK(in[0].word(0) == 51'000);
    CHECK(r6.send(Side::Inside, to_world6(udp6(40'001, 51'000))).size() == 1);
    CHECK(r6.bed.count(Count::FlowsRelated) == 1);
}

}  // namespace nat64_policy_test
