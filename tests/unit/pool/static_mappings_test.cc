// SPDX-License-Identifier: BSD-3-Clause
#include "pool/static_mappings.h"

#include "catch.h"
#include "packet_builder.h"

#include <array>

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
