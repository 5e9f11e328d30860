// SPDX-License-Identifier: BSD-3-Clause
#include "policy/uplink_choice.h"

#include "catch.h"
#include "packet_builder.h"
#include "policy/pools.h"

#include <vector>

namespace uplink_choice_test {

using namespace sluice;
using namespace sluice::policy;
using link::UplinkId;
using sluice::test::ip;

namespace {

constexpr link::UplinkSet kBoth = 0b11;

/// Two uplinks, of which 10.1.0.0/24 has addresses at both and 10.2.0.0/24 at the second alone.
struct Gateway {
    link::Uplinks uplinks =
        link::Uplinks({.uplinks = {{{1, ip("198.51.100.254")}}, {{2, ip("192.0.2.254")}}},
                       .belongings = {{{ip("198.51.100.0"), 24}, 0}, {{ip("192.0.2.0"), 24}, 1}},
                       .key = {1, 2}});
    std::vector<RuleParams> rules{
        {.inside = {ip("10.1.0.0"), 24},
         .addresses = {{ip("198.51.100.1"), ip("198.51.100.4")},
                       {ip("192.0.2.1"), ip("192.0.2.1")}}},
        {.inside = {ip("10.2.0.0"), 24}, .addresses = {{ip("192.0.2.2"), ip("192.0.2.2")}}},
        {.inside = {ip("10.3.0.0"), 24}, .is_exempt = true, .addresses = {}}};
    std::vector<link::Route> routes{{{}, 1, ip("198.51.100.254")},
                                    {{ip("192.0.2.0"), 24}, 2, {}},
                                    {{ip("203.0.113.0"), 24}, 1, ip("198.51.100.7")}};
    std::vector<pool::Forward> forwards{{net::Protocol::Tcp,
                                         {ip("192.0.2.1"), Be16::from_host(8080)},
                                         {ip("10.1.0.9"), Be16::from_host(80)}}};
    Pools pools{1};
    Policy policy{.rules = RuleSet(rules, {}, pools, nullptr, uplinks),
                  .statics = pool::StaticSet(forwards, {}, {}),
                  .routes = link::Routes(routes, uplinks)};

    UplinkChoice choice(const char* host, const char* server, link::UplinkSet living,
                        uint16_t port = 4000) const {
        const net::Tuple original{ip(host), ip(server), Be16::from_host(port), Be16::from_host(53),
                                  net::Protocol::Tcp};
        return choose_uplink(policy, policy.rules.find(original), original, living,
                             policy.routes.leads(original.destination));
    }
    std::optional<UplinkId> choose(const char* host, const char* server, link::UplinkSet living,
                                   uint16_t port = 4000) const {
        return choice(host, server, living, port).first;
    }
};

}  // namespace

TEST_CASE("uplink choice: among those that live and where the rule has addresses",
          "[policy][uplinks]") {
    const Gateway gateway;
    std::array<unsigned, 2> counts{};
    for (uint16_t port = 1; port <= 400; ++port)
        ++counts[*gateway.choose("10.1.0.10", "9.9.9.9", kBoth, port)];
    CHECK(counts[0] > 150);
    CHECK(counts[1] > 150);
    CHECK(gateway.choose("10.1.0.10", "9.9.9.9", 0b01) == UplinkId{0});
    CHECK(gateway.choose("10.1.0.10", "9.9.9.9", 0b10) == UplinkId{1});
    CHECK(gateway.choose("10.2.0.10", "9.9.9.9", kBoth) == UplinkId{1});
    CHECK(gateway.choose("10.2.0.10", "9.9.9.9", 0b01) == UplinkId{1});  // it has no other
}

TEST_CASE("uplink choice: a route prescribes one, while it can be taken", "[policy][uplinks]") {
    const Gateway gateway;
    for (uint16_t port = 1; port <= 40; ++port) {
        CHECK(gateway.choose("10.1.0.10", "203.0.113.10", kBoth, port) == UplinkId{0});
        CHECK(gateway.choose("10.1.0.10", "192.0.2.77", kBoth, port) == UplinkId{1});
        CHECK(gateway.choose("10.1.0.10", "203.0.113.10", 0b10, port) == UplinkId{1});
        CHECK(gateway.choose("10.2.0.10", "203.0.113.10", kBoth, port) == UplinkId{1});
    }
}

TEST_CASE("uplink choice: who has an address has no choice", "[policy][uplinks]") {
    const Gateway gateway;
    CHECK(gateway.choose("10.1.0.9", "9.9.9.9", 0b01, 80) == UplinkId{1});  // the forward's
    CHECK_FALSE(gateway.choose("10.3.0.1", "9.9.9.9", kBoth));              // its own
    CHECK_FALSE(gateway.choose("10.9.0.1", "9.9.9.9", kBoth));              // no rule
}

TEST_CASE("uplink choice: the others are those that could be chosen as well", "[policy][uplinks]") {
    const Gateway gateway;
    const UplinkChoice choice = gateway.choice("10.1.0.10", "9.9.9.9", kBoth);
    CHECK(choice.others == (kBoth ^ link::only(*choice.first)));
    CHECK(gateway.choice("10.1.0.10", "9.9.9.9", 0b01).others == 0);   // the other is dead
    CHECK(gateway.choice("10.2.0.10", "9.9.9.9", kBoth).others == 0);  // there are no addresses
    CHECK(gateway.choice("10.1.0.10", "203.0.113.10", kBoth).others == 0);  // a route says which
    CHECK(gateway.choice("10.1.0.9", "9.9.9.9", kBoth, 80).others == 0);    // a forward does
}

TEST_CASE("uplink choice: a rule has a pool at each uplink, and they are apart",
          "[policy][uplinks]") {
    const Gateway gateway;
    const Rule* rule = gateway.policy.rules.find(ip("10.1.0.1"));
    REQUIRE(rule != nullptr);
    CHECK(rule->uplinks == kBoth);
    CHECK(rule->pool_at(UplinkId{0}).size() == 4);
    CHECK(rule->pool_at(UplinkId{1}).size() == 1);
    CHECK(rule->gives(ip("192.0.2.1")));
    CHECK(rule->gives(ip("198.51.100.4")));
    CHECK_FALSE(rule->gives(ip("192.0.2.2")));
    CHECK(gateway.policy.rules.find(ip("10.2.0.1"))->uplinks == 0b10);
    CHECK(gateway.policy.rules.pools().size() == 3);
    CHECK(gateway.policy.rules.contains(ip("192.0.2.2")));
}

}  // namespace uplink_choice_test
