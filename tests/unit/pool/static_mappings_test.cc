// SPDX-License-Identifier: BSD-3-Clause
#include "pool/static_mappings.h"

#include "catch.h"
#include "packet_builder.h"

#include <array>
#include <vector>

namespace static_mappings_test {

using namespace sluice;
using net::Endpoint;
using net::Protocol;
using pool::Forward;
using pool::OneToOne;
using pool::StaticSet;
using sluice::test::ip;

namespace {

Endpoint endpoint(const char* address, uint16_t port) {
    return {ip(address), Be16::from_host(port)};
}

const std::array<Forward, 4> kForwards{{
    {Protocol::Tcp, endpoint("198.51.100.9", 8080), endpoint("10.1.0.10", 80)},
    {Protocol::Udp, endpoint("198.51.100.1", 53), endpoint("10.1.0.10", 53)},
    {Protocol::Tcp, endpoint("198.51.100.1", 8080), endpoint("10.1.0.10", 80)},
    {Protocol::Tcp, endpoint("198.51.100.1", 22), endpoint("10.1.0.20", 22)},
}};
const std::array<OneToOne, 2> kPairs{{
    {ip("198.51.100.6"), ip("10.1.0.20")},
    {ip("198.51.100.5"), ip("10.1.0.30")},
}};

}  // namespace

TEST_CASE("static mappings: none hold nothing", "[pool]") {
    const StaticSet none;
    CHECK_FALSE(none.contains(ip("198.51.100.1")));
    CHECK_FALSE(none.contains(Be32{}));
    CHECK_FALSE(none.inside_of(Protocol::Tcp, endpoint("198.51.100.1", 80)));
    CHECK_FALSE(none.outside_of(Protocol::Tcp, endpoint("10.1.0.10", 80)));
    CHECK_FALSE(none.reserves(Protocol::Tcp, endpoint("198.51.100.1", 80)));
}

TEST_CASE("static mappings: a forward is found by both its ends, for its protocol", "[pool]") {
    const StaticSet statics(kForwards, kPairs);
    CHECK(statics.inside_of(Protocol::Tcp, endpoint("198.51.100.1", 22)) ==
          endpoint("10.1.0.20", 22));
    CHECK(statics.inside_of(Protocol::Udp, endpoint("198.51.100.1", 53)) ==
          endpoint("10.1.0.10", 53));
    CHECK(statics.outside_of(Protocol::Udp, endpoint("10.1.0.10", 53)) ==
          endpoint("198.51.100.1", 53));
    CHECK_FALSE(statics.inside_of(Protocol::Udp, endpoint("198.51.100.1", 22)));
    CHECK_FALSE(statics.inside_of(Protocol::Tcp, endpoint("198.51.100.1", 23)));
    CHECK_FALSE(statics.outside_of(Protocol::Tcp, endpoint("10.1.0.10", 53)));
}

TEST_CASE("static mappings: of two forwards to one endpoint the first shows it outside", "[pool]") {
    const StaticSet statics(kForwards, {});
    for (const char* address : {"198.51.100.1", "198.51.100.9"})
        CHECK(statics.inside_of(Protocol::Tcp, endpoint(address, 8080)) ==
              endpoint("10.1.0.10", 80));
    CHECK(statics.outside_of(Protocol::Tcp, endpoint("10.1.0.10", 80)) ==
          endpoint("198.51.100.9", 8080));
}

TEST_CASE("static mappings: a whole address keeps every port", "[pool]") {
    const StaticSet statics(kForwards, kPairs);
    for (const uint16_t port : {0, 1, 4321, 65535})
        for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Icmp}) {
            CHECK(statics.inside_of(protocol, endpoint("198.51.100.5", port)) ==
                  endpoint("10.1.0.30", port));
            CHECK(statics.outside_of(protocol, endpoint("10.1.0.30", port)) ==
                  endpoint("198.51.100.5", port));
        }
}

TEST_CASE("static mappings: a forward goes before the host's own address", "[pool]") {
    const StaticSet statics(kForwards, kPairs);
    CHECK(statics.outside_of(Protocol::Tcp, endpoint("10.1.0.20", 22)) ==
          endpoint("198.51.100.1", 22));
    CHECK(statics.outside_of(Protocol::Tcp, endpoint("10.1.0.20", 23)) ==
          endpoint("198.51.100.6", 23));
}

TEST_CASE("static mappings: only the ports of forwards are reserved", "[pool]") {
    const StaticSet statics(kForwards, kPairs);
    CHECK(statics.reserves(Protocol::Tcp, endpoint("198.51.100.1", 8080)));
    CHECK_FALSE(statics.reserves(Protocol::Udp, endpoint("198.51.100.1", 8080)));
    CHECK_FALSE(statics.reserves(Protocol::Tcp, endpoint("198.51.100.1", 8081)));
    CHECK_FALSE(statics.reserves(Protocol::Tcp, endpoint("198.51.100.5", 8080)));
}

TEST_CASE("static mappings: every external address is one of theirs, and no other", "[pool]") {
    const StaticSet statics(kForwards, kPairs);
    for (const char* address : {"198.51.100.1", "198.51.100.5", "198.51.100.6", "198.51.100.9"})
        CHECK(statics.contains(ip(address)));
    for (const char* address : {"198.51.100.0", "198.51.100.4", "198.51.100.10", "10.1.0.10"})
        CHECK_FALSE(statics.contains(ip(address)));
}

TEST_CASE("static mappings: a range of ports is reserved when one of them is", "[pool]") {
    const StaticSet statics(kForwards, kPairs);
    const Be32 address = ip("198.51.100.1");
    CHECK(statics.reserves_of(address, {8080, 8080}));
    CHECK(statics.reserves_of(address, {8064, 8191}));
    CHECK_FALSE(statics.reserves_of(address, {8081, 8191}));
    CHECK_FALSE(statics.reserves_of(address, {8064, 8079}));
    CHECK_FALSE(statics.reserves_of(ip("198.51.100.5"), {8064, 8191}));
}

TEST_CASE("static mappings: a range of ports keeps the order of its ports", "[pool]") {
    const std::array<Forward, 1> ranges{
        {{Protocol::Udp, endpoint("198.51.100.1", 8000), endpoint("10.1.0.5", 9000), 11}}};
    const StaticSet statics(ranges, {});
    for (const uint16_t offset : {0, 1, 10}) {
        const auto port = static_cast<uint16_t>(8000 + offset);
        const auto inside = static_cast<uint16_t>(9000 + offset);
        CHECK(statics.inside_of(Protocol::Udp, endpoint("198.51.100.1", port)) ==
              endpoint("10.1.0.5", inside));
        CHECK(statics.outside_of(Protocol::Udp, endpoint("10.1.0.5", inside)) ==
              endpoint("198.51.100.1", port));
        CHECK(statics.reserves(Protocol::Udp, endpoint("198.51.100.1", port)));
    }
    for (const uint16_t port : {7999, 8011}) {
        CHECK_FALSE(statics.inside_of(Protocol::Udp, endpoint("198.51.100.1", port)));
        CHECK_FALSE(statics.reserves(Protocol::Udp, endpoint("198.51.100.1", port)));
    }
    CHECK(statics.reserves_of(ip("198.51.100.1"), {8010, 8015}));
    CHECK(statics.reserves_of(ip("198.51.100.1"), {8004, 8005}));
    CHECK_FALSE(statics.reserves_of(ip("198.51.100.1"), {8011, 8015}));
}

TEST_CASE("static mappings: a forward lets in whom it and its equals name", "[pool]") {
    std::vector<Forward> forwards(
        2, {Protocol::Tcp, endpoint("198.51.100.1", 22), endpoint("10.1.0.5", 22)});
    forwards[0].from = {ip("203.0.113.0"), 24};
    forwards[1].from = {ip("192.0.2.7"), 32};
    const StaticSet statics(forwards, kPairs);
    const Endpoint port = endpoint("198.51.100.1", 22);
    CHECK(statics.lets_in(Protocol::Tcp, port, ip("203.0.113.200")));
    CHECK(statics.lets_in(Protocol::Tcp, port, ip("192.0.2.7")));
    CHECK_FALSE(statics.lets_in(Protocol::Tcp, port, ip("192.0.2.8")));
    CHECK(statics.inside_of(Protocol::Tcp, port) == endpoint("10.1.0.5", 22));
    CHECK(statics.lets_in(Protocol::Tcp, endpoint("198.51.100.5", 22), ip("192.0.2.8")));
    CHECK_FALSE(statics.lets_in(Protocol::Tcp, endpoint("198.51.100.1", 23), ip("192.0.2.7")));
}

TEST_CASE("static mappings: a prefix stands for a prefix, address by address", "[pool]") {
    const std::array<OneToOne, 1> pairs{{{ip("198.51.100.16"), ip("10.1.0.0"), 28}}};
    const std::array<net::InsideAddress, 2> own{ip("10.1.0.0"), ip("10.1.0.4")};
    const StaticSet statics({}, pairs, own);
    CHECK(statics.inside_of(Protocol::Icmp, endpoint("198.51.100.17", 7)) ==
          endpoint("10.1.0.1", 7));
    CHECK(statics.inside_of(Protocol::Tcp, endpoint("198.51.100.31", 80)) ==
          endpoint("10.1.0.15", 80));
    CHECK(statics.outside_of(Protocol::Tcp, endpoint("10.1.0.9", 80)) ==
          endpoint("198.51.100.25", 80));
    for (const char* address : {"198.51.100.15", "198.51.100.16", "198.51.100.20", "198.51.100.32"})
        CHECK_FALSE(statics.contains(ip(address)));
    for (const char* address : {"10.1.0.0", "10.1.0.4", "10.1.0.16"})
        CHECK_FALSE(statics.outside_of(Protocol::Tcp, endpoint(address, 80)));
    CHECK(statics.pair_of(ip("198.51.100.17"))->length == 28);
    CHECK(statics.contains(ip("198.51.100.19")));
    CHECK(statics.contains(ip("198.51.100.21")));
}

TEST_CASE("static mappings: ten thousand forwards are ten thousand runs, each found", "[pool]") {
    std::vector<Forward> forwards;
    for (uint32_t i = 0; i < 10'000; ++i)
        forwards.push_back({Protocol::Tcp,
                            {Be32::from_host(0xc6336400 + i / 100),
                             Be16::from_host(static_cast<uint16_t>(1000 + i % 100 * 20))},
                            {Be32::from_host(0x0a010000 + i), Be16::from_host(80)},
                            10});
    const StaticSet statics(forwards, {});
    for (const Forward& forward : forwards) {
        Endpoint external = forward.external;
        external.port = Be16::from_host(static_cast<uint16_t>(external.port.host() + 9));
        const auto inside = statics.inside_of(Protocol::Tcp, external);
        REQUIRE(inside);
        REQUIRE(inside->address == forward.internal.address);
        REQUIRE(inside->port.host() == 89);
        REQUIRE(statics.outside_of(Protocol::Tcp, *inside) == external);
        external.port = Be16::from_host(static_cast<uint16_t>(external.port.host() + 1));
        REQUIRE_FALSE(statics.inside_of(Protocol::Tcp, external));
    }
}

TEST_CASE("static mappings: an inside end is of its zone, there and back", "[pool][zones]") {
    Endpoint there = endpoint("10.1.0.10", 80);
    there.zone = 4095;
    const std::array<Forward, 2> forwards{{
        {Protocol::Tcp, endpoint("198.51.100.1", 8080), endpoint("10.1.0.10", 80)},
        {Protocol::Tcp, endpoint("198.51.100.1", 8081), there},
    }};
    const std::array<OneToOne, 2> pairs{{
        {ip("198.51.100.16"), ip("10.1.0.32"), 28, 0},
        {ip("198.51.100.32"), ip("10.1.0.32"), 28, 7},
    }};
    const std::array<net::InsideAddress, 1> left_out{{{ip("10.1.0.33"), 7}}};
    const StaticSet set(forwards, pairs, left_out);
    CHECK(set.inside_of(Protocol::Tcp, endpoint("198.51.100.1", 8081)) == there);
    CHECK(set.outside_of(Protocol::Tcp, there) == endpoint("198.51.100.1", 8081));
    CHECK(set.outside_of(Protocol::Tcp, endpoint("10.1.0.10", 80)) ==
          endpoint("198.51.100.1", 8080));
    CHECK_FALSE(set.outside_of(Protocol::Sctp, there));

    Endpoint paired = endpoint("10.1.0.33", 9);
    CHECK(set.outside_of(Protocol::Udp, paired) == endpoint("198.51.100.17", 9));
    paired.zone = 7;
    CHECK_FALSE(set.outside_of(Protocol::Udp, paired));  // left out
    CHECK_FALSE(set.contains(ip("198.51.100.33")));
    paired.address = ip("10.1.0.34");
    CHECK(set.outside_of(Protocol::Udp, paired) == endpoint("198.51.100.34", 9));
    CHECK(set.inside_of(Protocol::Udp, endpoint("198.51.100.34", 9)) == paired);
}

}  // namespace static_mappings_test
