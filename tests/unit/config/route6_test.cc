// SPDX-License-Identifier: BSD-3-Clause
#include "config/route6.h"

#include "catch.h"
#include "config/lines.h"
#include "gateway/rules.h"
#include "net/text.h"
#include "unit/config/loaded.h"

#include <algorithm>
#include <string>
#include <vector>

namespace route6_configuration_test {

using namespace sluice;
using namespace sluice::config;
using test::Flags;
using test::Loaded;

namespace {

Loaded with(const Flags& flags) {
    Settings settings = test::least_settings();
    settings.merge(Settings{{"lan6", {"2001:db8:1::1/64"}},
                            {"route6", {"2001:db8:1::/48"}},
                            {"wan6", {"2001:db8:ff::2/64"}},
                            {"gateway6", {"fe80::1"}}});
    return {settings, flags};
}

/// What load() or validate() says of these flags; empty where all is well.
std::string said_of(const Flags& flags) {
    return with(flags).error();
}

}  // namespace

TEST_CASE("route6 configuration: its hosts are those of --lan6, with --nat64 and without",
          "[config]") {
    CHECK(said_of({}) == "");
    CHECK(said_of({{"nat64", "64:ff9b::/96"}, {"ra", "1"}}) == "");
    CHECK(said_of({{"deny", "2001:db8:1::/64 udp 53"}}) == "");
    CHECK(said_of({{"no-nat-inbound", "1"}}) == "");
    CHECK(said_of({{"sync", "listen=10.9.0.1:7000,peer=10.9.0.2:7000"},
                   {"sync-key", "/etc/sluice/key"}}) == "");
    const auto config = with({}).config();
    REQUIRE(config);
    REQUIRE(config.value().route6.size() == 1);
    CHECK(net::to_string(*config.value().route6[0].inside6) == "2001:db8:1::/48");
    CHECK(net::to_string(config.value().peers) == "198.19.0.0/16");
}

TEST_CASE("route6 configuration: hosts of a prefix are not translated to peers", "[config]") {
    const auto config = with({{"route6", "2001:db8:1:0:a::/80"}}).config();
    REQUIRE(config);
    const auto rules = gateway::rules_of(config.value());
    const auto rule = std::ranges::find_if(
        rules, [](const policy::RuleParams& each) { return each.answers_only; });
    REQUIRE(rule != rules.end());
    CHECK(rule->is_exempt);
    CHECK(net::to_string(rule->inside) == "198.18.128.0/17");
    CHECK(net::to_string(rule->toward.destination) == "198.19.0.0/16");
    CHECK(rule_lines(config.value()).size() == rules.size());
    CHECK(rule_lines(config.value()).back() == Line{"route6", "2001:db8:1:0:a::/80"});
}

TEST_CASE("route6 configuration: several prefixes, and hosts behind routers", "[config]") {
    CHECK(said_of({{"route6", "2001:db8:1::/64, 2001:db8:2::/48"},
                   {"route", "2001:db8:2::/48 via fe80::9"}}) == "");
    CHECK(said_of({{"route6", "2001:db8:1::10/128"}}) == "");
}

TEST_CASE("route6 configuration: a reload changes none of it", "[config]") {
    CHECK_FALSE(is_changeable("route6"));
    CHECK_FALSE(is_changeable("ipv6-peers"));
}

TEST_CASE("route6 configuration: what cannot be is refused with its reason", "[config]") {
    struct Row {
        Flags flags;
        const char* wanted;
    };
    const Row row = GENERATE(values<Row>({
        {{{"lan6", ""}}, "it wants --lan6"},
        {{{"wan6", ""}}, "it wants --wan6"},
        {{{"gateway6", ""}}, "it wants --gateway6"},
        {{{"route6", ""}}, "--wan6 2001:db8:ff::2/64: without --nptv6 or --route6"},
        {{{"route6", "2000::/15"}}, "of 16 to 128 bits"},
        {{{"route6", "fe80::/64"}}, "of 16 to 128 bits"},
        {{{"route6", "10.0.0.0/8"}}, "--route6 10.0.0.0/8"},
        {{{"route6", "2001:db8:9::/48"}}, "it is not on the subnet of --lan6"},
        {{{"route6", "2001:db8:1::/64, 2001:db8:1::/64"}}, "it is there already"},
        {{{"route6", "2001:db8::/32"}}, "it has addresses of the subnet of --wan6"},
        {{{"nptv6", "2001:db8:1::/48 -> 2001:db8:f::/48"}}, "it has addresses of --nptv6"},
        {{{"nat64", "2001:db8:1:64::/96"}}, "it has addresses behind --nat64"},
        {{{"ipv6-peers", "198.18.0.0/16"}}, "it overlaps --ipv6-numbers 198.18.0.0/16"},
        {{{"ipv6-peers", "198.19.0.0/25"}}, "a network of 12 to 24 bits is wanted"},
        {{{"ipv6-peers", "198.51.0.0/16"}}, "it overlaps --"},
        {{{"snat", "10.0.0.0/8 to 198.19.5.0/24 -> 198.51.100.9"}}, "it overlaps --snat"},
    }));
    CAPTURE(row.wanted);
    CHECK(said_of(row.flags).find(row.wanted) != std::string::npos);
    CAPTURE(said_of(row.flags));
    CHECK(said_of(row.flags) != "");
}

}  // namespace route6_configuration_test
