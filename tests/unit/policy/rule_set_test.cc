// SPDX-License-Identifier: BSD-3-Clause
#include "policy/rule_set.h"

#include "catch.h"
#include "fixed_policy.h"
#include "packet_builder.h"

#include <random>
#include <vector>

namespace rule_set_test {

using namespace sluice;
using net::AddressRange;
using policy::RuleParams;
using sluice::test::ip;

namespace {

AddressRange range(const char* first, const char* last) {
    return {ip(first), ip(last)};
}

RuleParams rule(const char* inside, uint8_t length, AddressRange pool) {
    return {.inside = {ip(inside), length}, .addresses = {pool}};
}

RuleParams exempt(const char* inside, uint8_t length) {
    return {.inside = {ip(inside), length}, .is_exempt = true, .addresses = {}};
}

}  // namespace

TEST_CASE("rules: the longest inside prefix wins", "[policy]") {
    const std::vector<RuleParams> params{
        rule("10.0.0.0", 8, range("198.51.100.1", "198.51.100.1")),
        rule("10.1.0.0", 16, range("198.51.100.2", "198.51.100.2")), exempt("10.1.2.0", 24),
        rule("10.1.2.128", 25, range("198.51.100.3", "198.51.100.3"))};
    const test::FixedPolicy fixed(params);
    const policy::RuleSet& rules = fixed.policy.rules;
    const auto public_of = [&](const char* inside) {
        return rules.find(ip(inside))->pool->address(0);
    };
    CHECK(public_of("10.0.0.0") == ip("198.51.100.1"));
    CHECK(public_of("10.255.255.255") == ip("198.51.100.1"));
    CHECK(public_of("10.1.0.0") == ip("198.51.100.2"));
    CHECK(public_of("10.1.255.255") == ip("198.51.100.2"));
    CHECK(public_of("10.1.2.128") == ip("198.51.100.3"));
    CHECK(public_of("10.1.3.0") == ip("198.51.100.2"));
    CHECK(rules.is_exempt(ip("10.1.2.127")));
    CHECK_FALSE(rules.is_exempt(ip("10.1.2.128")));
    CHECK(rules.find(ip("9.255.255.255")) == nullptr);
    CHECK(rules.find(ip("11.0.0.0")) == nullptr);
}

TEST_CASE("rules: find() says what a look at every prefix says", "[policy]") {
    std::mt19937 random(3);
    for (int round = 0; round < 50; ++round) {
        std::vector<RuleParams> params;
        for (int i = 0; i < 12; ++i) {
            const auto length = static_cast<uint8_t>(random() % 33);
            const net::Prefix prefix{Be32::from_host(static_cast<uint32_t>(random())), length};
            params.push_back({.inside = prefix.network(), .is_exempt = true, .addresses = {}});
        }
        const test::FixedPolicy fixed(params);
        const policy::RuleSet& rules = fixed.policy.rules;
        for (int i = 0; i < 200; ++i) {
            const Be32 near = params[random() % params.size()].inside.address;
            const Be32 address = Be32::from_host(near.host() + random() % 5 - 2);
            int longest = -1;
            for (const RuleParams& each : params)
                if (each.inside.contains(address) && each.inside.length > longest)
                    longest = each.inside.length;
            const policy::Rule* found = rules.find(address);
            REQUIRE((found == nullptr ? -1 : int{found->inside.length}) == longest);
        }
    }
}

TEST_CASE("rules: the public addresses are those of all pools", "[policy]") {
    const std::vector<RuleParams> params{
        rule("10.1.0.0", 16, range("198.51.100.4", "198.51.100.8")),
        rule("10.2.0.0", 16, range("198.51.100.1", "198.51.100.3")),
        rule("10.3.0.0", 16, range("203.0.113.7", "203.0.113.7")), exempt("10.4.0.0", 16)};
    const test::FixedPolicy fixed(params);
    const policy::RuleSet& rules = fixed.policy.rules;
    for (const char* address : {"198.51.100.1", "198.51.100.4", "198.51.100.8", "203.0.113.7"})
        CHECK(rules.contains(ip(address)));
    for (const char* address : {"198.51.100.0", "198.51.100.9", "203.0.113.6", "10.4.0.1"})
        CHECK_FALSE(rules.contains(ip(address)));
    const std::vector<RuleParams> none{exempt("0.0.0.0", 0)};
    CHECK_FALSE(test::FixedPolicy(none).policy.rules.contains(ip("0.0.0.0")));
}

TEST_CASE("rules: whom they serve, and what they give, they may know", "[policy]") {
    const std::vector<RuleParams> params{rule("10.0.0.0", 8, range("198.51.100.1", "198.51.100.9")),
                                         exempt("192.168.7.0", 24)};
    const test::FixedPolicy fixed(params);
    for (const char* known : {"10.0.0.0", "10.255.255.255", "192.168.7.1", "198.51.100.1"})
        CHECK(fixed.policy.rules.may_know(ip(known)));
    for (const char* far : {"9.255.255.255", "11.0.0.0", "203.0.113.8"})
        CHECK_FALSE(fixed.policy.rules.may_know(ip(far)));
}

TEST_CASE("rules: equal pools are one, others have slots of their own", "[policy]") {
    const AddressRange shared = range("198.51.100.1", "198.51.100.4");
    RuleParams narrow = rule("10.3.0.0", 16, shared);
    narrow.ports = {1024, 2047};
    const std::vector<RuleParams> params{rule("10.1.0.0", 16, shared), rule("10.2.0.0", 16, shared),
                                         narrow};
    const test::FixedPolicy fixed(params);
    const policy::RuleSet& rules = fixed.policy.rules;
    REQUIRE(rules.pools().size() == 2);
    CHECK(rules.find(ip("10.1.0.1"))->pool == rules.find(ip("10.2.0.1"))->pool);
    CHECK(rules.find(ip("10.3.0.1"))->pool->slot(0) == 4);
    CHECK(rules.find(ip("10.3.0.1"))->pool->ports() == pool::PortRange{1024, 2047});
}

TEST_CASE("rules: ranges that touch or overlap are made one", "[policy]") {
    CHECK(policy::merged({range("10.0.0.5", "10.0.0.9"), range("10.0.0.1", "10.0.0.2"),
                          range("10.0.0.3", "10.0.0.3"), range("10.0.0.6", "10.0.0.7"),
                          range("255.255.255.254", "255.255.255.255")}) ==
          std::vector{range("10.0.0.1", "10.0.0.3"), range("10.0.0.5", "10.0.0.9"),
                      range("255.255.255.254", "255.255.255.255")});
}

TEST_CASE("pools: the same addresses are the same pool in every configuration", "[policy]") {
    policy::Pools pools(1);
    const AddressRange range_a = range("198.51.100.1", "198.51.100.4");
    const AddressRange range_b = range("198.51.100.9", "198.51.100.9");
    const std::vector<RuleParams> first{rule("10.1.0.0", 16, range_a)};
    const std::vector<RuleParams> second{rule("10.2.0.0", 16, range_b),
                                         rule("10.1.0.0", 24, range_a)};
    const policy::RuleSet before(first, {}, pools);
    const policy::RuleSet after(second, {}, pools);
    CHECK(before.find(ip("10.1.0.1"))->pool == after.find(ip("10.1.0.1"))->pool);
    CHECK(after.find(ip("10.2.0.1"))->pool->slot(0) == 4);
    CHECK(pools.slots() == 5);
    CHECK(after.pools().size() == 2);
    CHECK(after.index_of(*after.find(ip("10.1.0.1"))) == 1);
}

}  // namespace rule_set_test
