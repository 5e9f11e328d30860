// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/numbering.h"

#include "catch.h"
#include "ipv6_addresses.h"
#include "net/text.h"

#include <set>

namespace numbering_test {

using namespace sluice;
using namespace sluice::gateway;
using test::prefix6;

namespace {

config::Config with_ipv6(const char* nat64 = "64:ff9b::/96", const char* lan6 = "2001:db8:1::1/64",
                         const char* numbers = "198.18.0.0/16") {
    config::Config config;
    config.nat64 = nat64::Embedding::of(prefix6(nat64));
    config.lan6 = net::parse_ipv6_prefix(lan6);
    config.numbers = nat64::NumberPlan(*net::parse_prefix(numbers));
    return config;
}

}  // namespace

TEST_CASE("numbering: two that say the same of IPv6 have one fingerprint, others another",
          "[gateway]") {
    CHECK(numbering_fingerprint({}) == 0);
    CHECK(numbering_fingerprint(with_ipv6()) == numbering_fingerprint(with_ipv6()));
    config::Config named = with_ipv6();
    const net::Ipv6Prefix prefixes[] = {prefix6("2001:db8:1::/80")};
    named.numbers = *nat64::NumberPlan::of(named.numbers.network(), prefixes, {});
    const std::set<uint32_t> all{
        0,
        numbering_fingerprint(with_ipv6()),
        numbering_fingerprint(with_ipv6("2001:db8:64::/96")),
        numbering_fingerprint(with_ipv6("64:ff9b::/96", "2001:db8:1::2/64")),
        numbering_fingerprint(with_ipv6("64:ff9b::/96", "2001:db8:1::1/80")),
        numbering_fingerprint(with_ipv6("64:ff9b::/96", "2001:db8:1::1/64", "198.18.0.0/17")),
        numbering_fingerprint(named)};
    CHECK(all.size() == 7);
}

TEST_CASE("numbering: without NAT64 IPv6 hosts have a fingerprint too", "[gateway][nptv6]") {
    config::Config config = with_ipv6();
    config.nat64.reset();
    CHECK(numbering_fingerprint(config) != 0);
    CHECK(numbering_fingerprint(config) != numbering_fingerprint(with_ipv6()));
}

TEST_CASE("numbering: with hosts outside it is one of their numbers too, without them not",
          "[gateway][route6]") {
    config::Config config = with_ipv6();
    config.peers = *net::parse_prefix("198.19.0.0/17");
    CHECK(numbering_fingerprint(config) == numbering_fingerprint(with_ipv6()));
    std::set<uint32_t> all{numbering_fingerprint(config)};
    config.route6.emplace_back();
    for (const char* peers : {"198.19.0.0/17", "198.19.0.0/16", "198.20.0.0/16"}) {
        config.peers = *net::parse_prefix(peers);
        all.insert(numbering_fingerprint(config));
    }
    CHECK(all.size() == 4);
}

TEST_CASE("numbering: a number is in use while flows or a MAC are known by it", "[gateway]") {
    config::Config config = with_ipv6();
    config.lans.resize(2);
    const auto hosts = hosts::HostTable::create({.capacity = 4, .flows = 4}).value();
    const auto hops = link::NextHops::create(4, 1).value();
    const Be32 host = *net::parse_address("198.18.0.77");
    const auto use = number_use(config, *hosts, *hops, [](link::InterfaceId, Be32, Tick) {});
    const auto is_used = [&](uint32_t number) { return use(number, Tick{1000}); };
    CHECK_FALSE(is_used(77));
    SECTION("a flow") {
        hosts->admit(host, {}, Tick{1000});
    }
    SECTION("a MAC on the IPv6 side") {
        hops->add(0, host);
        CHECK_FALSE(is_used(77));
        hops->add(1, host);
    }
    CHECK(is_used(77));
    CHECK_FALSE(is_used(78));
}

TEST_CASE("numbering: a MAC that is let go keeps no number, flows keep theirs", "[gateway]") {
    config::Config config = with_ipv6();
    config.lans.resize(2);
    const auto hosts = hosts::HostTable::create({.capacity = 4, .flows = 4}).value();
    const auto hops = link::NextHops::create(4, 1).value();
    unsigned asked = 0;
    const auto is_used =
        number_use(config, *hosts, *hops, [&](link::InterfaceId interface, Be32 address, Tick now) {
            CHECK(now == Tick{1000});
            ++asked;
            hops->remove(hops->find(interface, address));
        });
    hops->add(1, *net::parse_address("198.18.0.77"));
    hops->add(1, *net::parse_address("198.18.0.78"));
    hosts->admit(*net::parse_address("198.18.0.78"), {}, Tick{1000});
    CHECK_FALSE(is_used(77, Tick{1000}));
    CHECK(is_used(78, Tick{1000}));
    CHECK_FALSE(is_used(79, Tick{1000}));
    CHECK(asked == 1);
}

}  // namespace numbering_test
