// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/given.h"

#include "catch.h"
#include "fixed_policy.h"
#include "net/text.h"

namespace given_test {

using namespace sluice;
using namespace sluice::gateway;
using listing::Hold;
using listing::Means;
using listing::PublicEndpoint;

namespace {

net::Endpoint end(std::string_view text, uint16_t port, uint16_t zone = 0) {
    return {*net::parse_address(text), Be16::from_host(port), zone};
}

/// Equal forwards that differ in whom they let in.
const std::vector<pool::Forward> kForwards = {
    {net::Protocol::Tcp, end("198.51.100.16", 8080), end("10.1.0.20", 80, 3), 10},
    {net::Protocol::Tcp, end("198.51.100.16", 8080), end("10.1.0.20", 80, 3), 10,
     *net::parse_prefix("203.0.113.0/24")},
};

std::vector<Hold> ask(std::string_view text) {
    const auto endpoint = PublicEndpoint::parse(text);
    REQUIRE(endpoint);
    const pool::OneToOne pairs[] = {{.external = *net::parse_address("198.51.100.16"),
                                     .internal = *net::parse_address("10.1.0.32"),
                                     .length = 30,
                                     .zone = 2}};
    const test::FixedPolicy fixed({}, pool::StaticSet(kForwards, pairs));
    return given(fixed.policy, kForwards, *endpoint).holds;
}

}  // namespace

TEST_CASE("given: a port of a forward's range is its host's", "[gateway]") {
    for (const char* text : {"198.51.100.16:8080/tcp", "198.51.100.16:8089/tcp"}) {
        const auto holds = ask(text);
        REQUIRE(holds.size() == 1);
        CHECK(holds[0].means == Means::Forward);
        CHECK(holds[0].host == net::InsideAddress(*net::parse_address("10.1.0.20"), 3));
        CHECK(holds[0].protocol == net::Protocol::Tcp);
        CHECK(holds[0].first_port == 8080);
        CHECK(holds[0].last_port == 8089);
        CHECK_FALSE(holds[0].age);
    }
}

TEST_CASE("given: all else of a one-to-one address is its own host's", "[gateway]") {
    for (const char* text : {"198.51.100.16:8090/tcp", "198.51.100.16:8080/udp"}) {
        const auto holds = ask(text);
        REQUIRE(holds.size() == 1);
        CHECK(holds[0].means == Means::OneToOne);
        CHECK(holds[0].host == net::InsideAddress(*net::parse_address("10.1.0.32"), 2));
    }
    REQUIRE(ask("198.51.100.18").size() == 1);
    CHECK(ask("198.51.100.18")[0].host.address == *net::parse_address("10.1.0.34"));
    CHECK(ask("198.51.100.16:8080").size() == 2);
    CHECK(ask("198.51.100.16").size() == 2);
    CHECK(ask("198.51.100.20").empty());
}

}  // namespace given_test
