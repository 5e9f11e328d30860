// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --sync with IPv6: who stands by knows which host has which number at the other gateway, goes on
/// with the flows of these, and never with those of another.

#include "active_and_standby.h"
#include "bed_with_ipv6.h"
#include "catch.h"
#include "ipv6_addresses.h"

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace nat64_pair_test {

using namespace sluice;
using namespace sluice::test;
using net::Side;
using stats::Count;
using stats::Drop;
using sync::Change;

namespace {

constexpr auto kPairLinkLocal = "fe80::1";  // of 2001:db8:1::1

using Both6 = BothOf<Ipv6Bed>;

/// 239 numbers, so that hosts meet in a bucket.
TestbedOptions few_numbers() {
    return {.configure = [](config::Config& config) {
        config.numbers = nat64::NumberPlan(*net::parse_prefix("198.18.0.0/24"));
        config.advertises_router = true;
        serve_ipv6(config);
    }};
}

std::string host6(unsigned i) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "2001:db8:1::%x", 0x100 + i);
    return text.data();
}

std::optional<Be32> number_of(Ipv6Bed& ipv6, const std::string& host) {
    return ipv6.bed.gateway().naming().source(v6(host));
}

/// Another host that gets a number for which is_wanted(number) holds.
template <typename IsWanted>
std::string host_with(Ipv6Bed& ipv6, IsWanted is_wanted) {
    for (unsigned i = 0;; ++i) {
        REQUIRE(i < 1000);
        ipv6.send({.source = host6(i), .destination = kServer6, .upper = udp6(6000, 53)});
        if (const auto number = number_of(ipv6, host6(i)); number && is_wanted(*number))
            return host6(i);
    }
}

Frame6 solicitation(const std::string& target, const net::MacAddress& gateway) {
    return {.source = kHost6,
            .destination = target,
            .upper = neighbour6(135, target, mac_of6(kHost6)),
            .hop_limit = 255,
            .source_mac = mac_of6(kHost6),
            .destination_mac = gateway};
}

}  // namespace

TEST_CASE("pair with NAT64: flows go on at the one that stood by, both ways", "[pair][nat64]") {
    Both6 both(ipv6_options({.workers = 2}));
    const uint16_t first = ask(both.active, kHost6);
    const uint16_t second = ask(both.active, kOther6);
    REQUIRE(first != second);
    REQUIRE(both.tell());
    const uint16_t third = ask(both.active, kHost6, 5001);
    const auto syn = both.active.send(
        {.source = kHost6, .destination = kServer6, .upper = tcp6(40000, 80, kSyn, 1000, 0)});
    REQUIRE(syn.size() == 1);
    REQUIRE(both.active
                .answer_from_outside(Frame()
                                         .ipv4(kServer, kPublic)
                                         .tcp(80, syn[0].source_port, kSyn | kAck)
                                         .seq(7000)
                                         .ack(1001))
                .size() == 1);
    REQUIRE(both.tell());
    CHECK(both.standby.bed.flows() == 4);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 0);
    for (const char* host : {kHost6, kOther6})
        CHECK(number_of(both.standby, host) == number_of(both.active, host));
    both.take_over();
    CHECK(answered(both.standby, second) == kOther6);
    CHECK(answered(both.standby, first) == kHost6);
    CHECK(answered(both.standby, third) == kHost6);
    CHECK(ask(both.standby, kHost6) == first);
    CHECK(ask(both.standby, kOther6) == second);
    const auto ack = both.standby.send(
        {.source = kHost6, .destination = kServer6, .upper = tcp6(40000, 80, kAck, 1001, 7001)});
    REQUIRE(ack.size() == 1);
    CHECK(ack[0].source_port == syn[0].source_port);
    CHECK(both.standby.bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("pair with NAT64: flows that were told count for the prefix of their hosts",
          "[pair][nat64]") {
    Both6 both(ipv6_options({}, [](config::Config& config) {
        config.quotas.inside_prefix6 = {64, 2};
    }));
    connect(both.active, kHost6);
    connect(both.active, kOther6);
    REQUIRE(both.tell());
    both.take_over();
    CHECK(both.standby.bed.flows() == 2);
    CHECK(both.standby.send(to_server(udp6(6000, 53), host6(1))).empty());
    CHECK(both.standby.bed.dropped(Drop::PrefixFlows) == 1);
}

TEST_CASE("pair with NAT64: who stands by gives no numbers, and answers no neighbour",
          "[pair][nat64]") {
    Both6 both(few_numbers());
    Ipv6Bed& standby = both.standby;
    CHECK(
        standby.send({.source = kHost6, .destination = kServer6, .upper = udp6(5000, 53)}).empty());
    CHECK_FALSE(number_of(standby, kHost6));
    Frame6 router{.source = kHost6,
                  .destination = "ff02::2",
                  .upper = icmp6(133, 0, 0, {}),
                  .hop_limit = 255,
                  .source_mac = mac_of6(kHost6),
                  .destination_mac = {0x33, 0x33, 0, 0, 0, 2}};
    const net::MacAddress mac = standby.gateway_mac();
    for (const Frame6& frame :
         {solicitation(kOwn6, mac), solicitation(kPairLinkLocal, mac), router})
        standby.bed.inject(Side::Inside, frame.bytes());
    standby.bed.advance(Duration::seconds(70));
    CHECK(standby.take().empty());
    CHECK(standby.solicited.empty());
    CHECK(standby.bed.dropped(Drop::Standby) == 4);
    CHECK(standby.bed.count(Count::Transmitted) == 0);
}

TEST_CASE("pair with NAT64: who takes over tells the hosts, under the addresses of both",
          "[pair][nat64]") {
    Both6 both(few_numbers());
    both.take_over();
    both.standby.bed.advance(Duration::seconds(1));
    bool has_own = false;
    bool has_router = false;
    for (const Seen6& seen : both.standby.take()) {
        CHECK(seen.destination == "ff02::1");
        CHECK(seen.source_mac == both.standby.gateway_mac());
        has_own |= seen.transport.at(0) == 136 && seen.source == kOwn6;
        has_router |= seen.transport.at(0) == 134 && seen.source == kPairLinkLocal;
    }
    CHECK(has_own);
    CHECK(has_router);
    both.standby.bed.inject(Side::Inside,
                            solicitation(kPairLinkLocal, both.standby.gateway_mac()).bytes());
    const auto in = both.standby.take();
    REQUIRE(in.size() == 1);
    CHECK(in[0].source == kPairLinkLocal);
    both.standby.bed.advance(Duration::seconds(5));  // until all is said
}

TEST_CASE("pair with NAT64: a number that has gone to another host is the other's",
          "[pair][nat64]") {
    Both6 both(few_numbers());
    const uint16_t port = ask(both.active, kHost6);
    const auto number = number_of(both.active, kHost6);
    REQUIRE(number);
    REQUIRE(both.tell());
    REQUIRE(number_of(both.standby, kHost6) == number);
    REQUIRE(both.standby.bed.flows() == 1);
    SECTION("and the ends of its flows come late, or never") {
        const std::string next = host_with(
            both.active, [&](Be32 other) { return other.host() / 16 == number->host() / 16; });
        std::vector<Change> changes{{Change::What::Name, {}, {*number, v6(next)}}};
        both.put(changes);
        CHECK(both.standby.bed.flows() == 0);
        CHECK(both.standby.bed.count(Count::SyncRefused) == 0);
        CHECK_FALSE(number_of(both.standby, kHost6));
        CHECK(number_of(both.standby, next) == number);
        both.take_over();
        CHECK(answered(both.standby, port).empty());
    }
    SECTION("and both is told at once") {
        for (int i = 0; i < 200; ++i)
            both.active.bed.tick(Duration::seconds(10));
        REQUIRE(both.active.bed.flows() == 0);
        REQUIRE_FALSE(number_of(both.active, kHost6));
        const std::string next =
            host_with(both.active, [&](Be32 other) { return other == *number; });
        const uint16_t other_port = ask(both.active, next, 7000);
        REQUIRE(both.tell());
        CHECK(both.standby.bed.flows() == both.active.bed.flows());
        CHECK(both.standby.bed.count(Count::SyncRefused) == 0);
        CHECK(number_of(both.standby, next) == number);
        CHECK_FALSE(number_of(both.standby, kHost6));
        both.take_over();
        CHECK(answered(both.standby, other_port) == next);
        CHECK(answered(both.standby, port) == "");
    }
}

TEST_CASE(
    "pair with NAT64: for a number that goes to another host a turn looks at no more than a "
    "slice of the flows",
    "[pair][nat64]") {
    constexpr uint32_t kSlice = 4096;
    TestbedOptions options = few_numbers();
    options.flows = 16 * kSlice;
    Both6 both(options);
    ask(both.active, kHost6);
    const auto number = number_of(both.active, kHost6);
    REQUIRE(number);
    REQUIRE(both.tell());
    const std::string next = host_with(
        both.active, [&](Be32 other) { return other.host() / 16 == number->host() / 16; });
    Testbed& bed = both.standby.bed;
    std::vector<Change> changes{{Change::What::Name, {}, {*number, v6(next)}}};
    bed.gateway().replica()->mailbox().put(changes);
    unsigned turns = 0;
    for (; number_of(both.standby, next) != number; ++turns) {
        REQUIRE(turns < 1000);
        CHECK(bed.gateway().control().turn(bed.now()) != 0);  // there is more to do
    }
    CHECK(turns > 16);
    bed.run();
    CHECK(bed.flows() == 0);
    CHECK(bed.count(Count::SyncRefused) == 0);
}

TEST_CASE("pair with NAT64: numbers that go to others one by one take no flows along",
          "[pair][nat64]") {
    Both6 both(few_numbers());
    for (const char* host : {kHost6, kOther6})
        ask(both.active, host);
    REQUIRE(both.tell());
    REQUIRE(both.standby.bed.flows() == 2);
    uint32_t left = 2;
    for (const char* host : {kHost6, kOther6}) {
        const auto number = number_of(both.active, host);
        REQUIRE(number);
        const std::string next = host_with(both.active, [&](Be32 other) {
            return other != *number && other.host() / 16 == number->host() / 16;
        });
        std::vector<Change> changes{{Change::What::Name, {}, {*number, v6(next)}}};
        both.put(changes);
        CHECK(both.standby.bed.flows() == --left);
        CHECK(number_of(both.standby, next) == number);
    }
}

TEST_CASE("pair with NAT64: a host that has got another number keeps no flow of the one before",
          "[pair][nat64]") {
    Both6 both(few_numbers());
    ask(both.active, kHost6);
    const auto number = number_of(both.active, kHost6);
    REQUIRE(number);
    REQUIRE(both.tell());
    const Be32 other = Be32::from_host(number->host() ^ 1);
    std::vector<Change> changes{{Change::What::Name, {}, {other, v6(kHost6)}}};
    both.put(changes);
    CHECK(both.standby.bed.flows() == 0);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 0);
    CHECK(number_of(both.standby, kHost6) == other);
}

TEST_CASE("pair with NAT64: what is told of a number that nobody has is refused", "[pair][nat64]") {
    Both6 both(few_numbers());
    ask(both.active, kHost6);
    const auto number = number_of(both.active, kHost6);
    REQUIRE(number);
    sync::Record record;
    record.tuple = both.active.bed.only_flow().tuple;
    record.left = 30000;
    const auto name = [](Be32 number, const char* host) {
        return Change{Change::What::Name, {}, {number, v6(host)}};
    };
    std::vector<Change> changes{{Change::What::Begin, {}}, {Change::What::Put, record}};
    both.put(changes);
    CHECK(both.standby.bed.flows() == 0);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 1);
    const Be32 of_another_bucket = Be32::from_host(number->host() ^ 0x10);
    changes = {name(of_another_bucket, kHost6), name(ip("198.18.0.1"), kOwn6),
               name(ip("10.1.0.5"), kHost6)};
    both.put(changes);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 4);
    changes = {name(*number, kHost6), {Change::What::Put, record}};
    both.put(changes);
    CHECK(both.standby.bed.flows() == 1);
    CHECK(both.standby.bed.count(Count::SyncRefused) == 4);
}

TEST_CASE("pair with NAT64: hosts are told to nobody who serves none", "[pair][nat64]") {
    Both both;
    std::vector<Change> changes{{Change::What::Begin, {}},
                                {Change::What::Name, {}, {ip("198.18.0.77"), v6(kHost6)}}};
    both.put(changes);
    CHECK(both.standby.count(Count::SyncRefused) == 1);
}

}  // namespace nat64_pair_test
