// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/number_plan.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

namespace number_plan_test {

using namespace sluice;
using namespace sluice::nat64;
using test::prefix6;
using test::v6;

namespace {

const net::Prefix kNetwork{Be32::from_host(0xc6120000), 16};

Result<NumberPlan> plan_of(std::initializer_list<const char*> prefixes,
                           std::initializer_list<const char*> hosts = {},
                           const net::Prefix& network = kNetwork) {
    std::vector<net::Ipv6Prefix> named;
    for (const char* text : prefixes)
        named.push_back(prefix6(text));
    std::vector<net::Ipv6Address> addresses;
    for (const char* text : hosts)
        addresses.push_back(v6(text));
    return NumberPlan::of(network, named, addresses);
}

/// Nothing is nobody's network: "-".
std::string network_of(const NumberPlan& plan, const char* text) {
    const auto network = plan.stands_for(prefix6(text));
    return network ? net::to_string(*network) : "-";
}

}  // namespace

TEST_CASE("number plan: without names all numbers are for whoever comes", "[nat64]") {
    const NumberPlan plan(kNetwork);
    REQUIRE(plan.shares().size() == 1);
    CHECK(plan.capacity() == 65536);
    CHECK(plan.share_of(v6("2001:db8::1")).own == 65536);
    CHECK(plan.share_of(v6("fe80::1")) == plan.shares()[0]);
    CHECK(network_of(plan, "::/0") == "198.18.0.0/16");
    CHECK(network_of(plan, "2001:db8::/32") == "-");
    CHECK_FALSE(plan.number_of(v6("2001:db8::1")));
}

TEST_CASE("number plan: a prefix has a network, and one within it a network in that", "[nat64]") {
    auto plan = plan_of({"2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:5::/64", "2001:db8:2::/48",
                         "2001:dba::/32", "2001:db8:2::/48"});
    REQUIRE(plan);
    CHECK(network_of(*plan, "2001:db8::/32") == "198.18.128.0/18");
    CHECK(network_of(*plan, "2001:dba::/32") == "198.18.192.0/18");
    CHECK(network_of(*plan, "2001:db8:1::/48") == "198.18.160.0/20");
    CHECK(network_of(*plan, "2001:db8:2::/48") == "198.18.176.0/20");
    CHECK(network_of(*plan, "2001:db8:1:5::/64") == "198.18.168.0/21");
    CHECK(plan->share_of(v6("2001:db8:1:5::9")).prefix == prefix6("2001:db8:1:5::/64"));
    CHECK(plan->share_of(v6("2001:db8:1:6::9")).prefix == prefix6("2001:db8:1::/48"));
    CHECK(plan->share_of(v6("2001:db8:9::9")).prefix == prefix6("2001:db8::/32"));
    CHECK(plan->share_of(v6("2001:db9::9")).prefix == prefix6("::/0"));
}

TEST_CASE("number plan: no number is of two shares, and none is of no share", "[nat64]") {
    auto plan = plan_of({"2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:5::/64", "2001:db8:2::/48",
                         "2001:db8:3::/48", "fd00::/8", "fd00:1::/64"});
    REQUIRE(plan);
    std::set<uint32_t> taken;
    for (const NumberPlan::Share& share : plan->shares()) {
        CHECK(share.all >= kLeastShare);
        CHECK(share.first % share.all == 0);  // so that a network stands for it
        for (uint32_t number = share.first; number < share.first + share.own; ++number)
            CHECK(taken.insert(number).second);
    }
    CHECK(taken.size() == plan->capacity());
}

TEST_CASE("number plan: hosts that are named have numbers of their own", "[nat64]") {
    auto plan = plan_of({}, {"2001:db8::9", "fe80::1", "2001:db8::9"});
    REQUIRE(plan);
    CHECK(plan->number_of(v6("2001:db8::9")) == kFirstNamed);
    CHECK(plan->number_of(v6("fe80::1")) == kFirstNamed + 1);
    CHECK(plan->named(kFirstNamed) == v6("2001:db8::9"));
    CHECK(plan->named(kFirstNamed + 1) == v6("fe80::1"));
    for (const uint32_t number : {0U, kOwnNumber, kLinkLocalNumber, kFirstNamed + 2, kFirstNumber})
        CHECK_FALSE(plan->named(number));
    CHECK(net::to_string(*plan->stands_for(v6("fe80::1"))) == "198.18.0.4");
}

TEST_CASE("number plan: a host that is named has a number of its prefix's", "[nat64]") {
    auto plan = plan_of({"2001:db8::/32", "2001:db8:1::/48"},
                        {"2001:db8:1::9", "2001:db8:1::8", "2001:db8:2::9", "fe80::1"});
    REQUIRE(plan);
    CHECK(network_of(*plan, "2001:db8::/32") == "198.18.128.0/17");
    CHECK(network_of(*plan, "2001:db8:1::/48") == "198.18.192.0/18");
    const auto text = [&](const char* host) { return net::to_string(*plan->stands_for(v6(host))); };
    CHECK(text("2001:db8:1::8") == "198.18.192.3");
    CHECK(text("2001:db8:1::9") == "198.18.192.4");
    CHECK(text("2001:db8:2::9") == "198.18.128.3");
    CHECK(text("fe80::1") == "198.18.0.3");
    for (const char* host : {"2001:db8:1::8", "2001:db8:2::9", "fe80::1"})
        CHECK(plan->named(*plan->number_of(v6(host))) == v6(host));
}

TEST_CASE("number plan: what does not fit is said", "[nat64]") {
    const auto message = [](const Result<NumberPlan>& plan) {
        return plan ? std::string() : plan.error().message;
    };
    CHECK_THAT(message(plan_of({"2001:db8::/32"}, {}, {Be32::from_host(0xc6120000), 24})),
               Catch::Matchers::StartsWith("it is too small for 1 IPv6 prefixes"));
    CHECK(message(plan_of({"2001:db8::/32"}, {}, {Be32::from_host(0xc6120000), 23})).empty());
    std::vector<net::Ipv6Address> hosts;
    for (uint64_t i = 1; i <= kMostNamedHosts + 1; ++i)
        hosts.push_back(net::Ipv6Address::of_words(0, i));
    CHECK_THAT(message(NumberPlan::of(kNetwork, {}, hosts)),
               Catch::Matchers::StartsWith("14 IPv6 hosts are named"));
    hosts.pop_back();
    CHECK(message(NumberPlan::of(kNetwork, {}, hosts)).empty());
    std::vector<net::Ipv6Prefix> prefixes;
    for (uint64_t i = 1; i <= kMostNamedPrefixes + 1; ++i)
        prefixes.push_back({net::Ipv6Address::of_words(i << 32, 0), 32});
    CHECK_THAT(message(NumberPlan::of(kNetwork, prefixes, {})),
               Catch::Matchers::StartsWith("64 IPv6 prefixes are named"));
    prefixes.pop_back();
    CHECK(message(NumberPlan::of(kNetwork, prefixes, {})).empty());
}

TEST_CASE("number plan: another one has another fingerprint", "[nat64]") {
    const NumberPlan plain(kNetwork);
    CHECK(plain.fingerprint() == NumberPlan(kNetwork).fingerprint());
    CHECK(plain.fingerprint() != NumberPlan({kNetwork.address, 17}).fingerprint());
    auto named = plan_of({"2001:db8::/32", "fd00::/8"}, {"fe80::1"});
    REQUIRE(named);
    CHECK(named->fingerprint() ==
          plan_of({"fd00::/8", "2001:db8::/32"}, {"fe80::1"})->fingerprint());
    for (const Result<NumberPlan>& other : {plan_of({"2001:db8::/32"}, {"fe80::1"}),
                                            plan_of({"2001:db8::/33", "fd00::/8"}, {"fe80::1"}),
                                            plan_of({"2001:db8::/32", "fd00::/8"}, {"fe80::2"}),
                                            plan_of({"2001:db8::/32", "fd00::/8"})})
        CHECK((*other).fingerprint() != named->fingerprint());
}

}  // namespace number_plan_test
