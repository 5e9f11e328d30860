// SPDX-License-Identifier: BSD-3-Clause
#include "config/nptv6.h"

#include "catch.h"
#include "config/lines.h"
#include "config/neighbours.h"
#include "net/text.h"
#include "unit/config/loaded.h"

#include <string>
#include <vector>

namespace nptv6_configuration_test {

using namespace sluice;
using namespace sluice::config;
using test::Flags;
using test::Loaded;

namespace {

constexpr auto kPair = "2001:db8:1::/48 -> 2001:db8:f::/48";

Loaded with(const Flags& flags) {
    Settings settings = test::least_settings();
    settings.merge(Settings{{"lan6", {"2001:db8:1::1/64"}},
                            {"nptv6", {kPair}},
                            {"wan6", {"2001:db8:ff::2/64"}},
                            {"gateway6", {"2001:db8:ff::1"}}});
    return {settings, flags};
}

/// What load() or validate() says of these flags; empty where all is well.
std::string said_of(const Flags& flags) {
    return with(flags).error();
}

}  // namespace

TEST_CASE("nptv6 configuration: its hosts are those of --lan6, with --nat64 and without",
          "[config]") {
    CHECK(said_of({}) == "");
    CHECK(said_of({{"nat64", "64:ff9b::/96"}, {"ra", "1"}}) == "");
    const auto config = with({}).config();
    REQUIRE(config);
    REQUIRE(config.value().lans.size() == 2);
    CHECK(config.value().lans[1].at.vlan == link::kIpv6Side);
    REQUIRE(config.value().nptv6.size() == 1);
    CHECK(to_string(config.value().nptv6[0]) == kPair);
    CHECK(net::to_string(*config.value().wan6) == "2001:db8:ff::2/64");
    CHECK(net::to_string(*config.value().gateway6) == "2001:db8:ff::1");
}

TEST_CASE("nptv6 configuration: the next hop outside may be named, no other IPv6 neighbour",
          "[config]") {
    const std::string named = "2001:db8:ff::1=02:00:00:00:00:fe";
    CHECK(said_of({{"neighbour", named}}) == "");
    const auto config = with({{"neighbour", named}}).config();
    REQUIRE(config);
    REQUIRE(config.value().fixed_neighbours.size() == 1);
    CHECK(to_string(config.value().fixed_neighbours[0]) == named);
    for (const char* other : {"2001:db8:1::10=02:00:00:00:00:fe", "fe80::1=02:00:00:00:00:fe"})
        CHECK(said_of({{"neighbour", other}}).find("--gateway6 alone") != std::string::npos);
    CHECK(said_of({{"neighbour", named + ", 2001:db8:ff::1=02:00:00:00:00:fd"}}).find("fe too") !=
          std::string::npos);
    CHECK(said_of({{"neighbour", named + ", 10.1.0.10=02:00:00:00:00:0a"}}) == "");
}

TEST_CASE("nptv6 configuration: several pairs, and the shorter prefix extended", "[config]") {
    const std::string route = "2001:db8:2::/48 via fe80::9";
    const std::string pairs = std::string(kPair) + ", 2001:db8:2::/48 -> 2001:db9::/32";
    CHECK(said_of({{"nptv6", pairs}, {"route", route}}) == "");
    const auto config = with({{"nptv6", pairs}, {"route", route}}).config();
    REQUIRE(config);
    REQUIRE(config.value().nptv6.size() == 2);
    CHECK(to_string(config.value().nptv6[1]) == "2001:db8:2::/48 -> 2001:db9::/48");
}

TEST_CASE("nptv6 configuration: the next hop may have a link-local address", "[config]") {
    CHECK(said_of({{"gateway6", "fe80::1"}}) == "");
}

TEST_CASE("nptv6 configuration: what cannot be is refused with its reason", "[config]") {
    struct Row {
        Flags flags;
        const char* wanted;
    };
    const Row row = GENERATE(values<Row>({
        {{{"nptv6", ""}}, "--wan6 2001:db8:ff::2/64: without --nptv6"},
        {{{"nptv6", ""}, {"wan6", ""}}, "--gateway6 2001:db8:ff::1: without --nptv6"},
        {{{"nptv6", ""}, {"wan6", ""}, {"gateway6", ""}}, "--lan6 2001:db8:1::1/64: without"},
        {{{"lan6", ""}}, "it wants --lan6"},
        {{{"wan6", ""}}, "it wants --wan6"},
        {{{"gateway6", ""}}, "it wants --gateway6"},
        {{{"nptv6", "2001:db8:1::/48"}}, "two networks of 16 to 64 bits are wanted"},
        {{{"nptv6", "2001:db8:1::/48 = 2001:db8:f::/48"}}, "two networks of 16 to 64"},
        {{{"nptv6", "2001:db8:1::/65 -> 2001:db8:f::/48"}}, "two networks of 16 to 64"},
        {{{"nptv6", "2001:db8:1::/48 -> fe80::/48"}}, "two networks of 16 to 64"},
        {{{"nptv6", "2001:db8:1::1/48 -> 2001:db8:f::/48"}}, "host bits are set"},
        {{{"nptv6", "2001:db8:2::/48 -> 2001:db8:f::/48"}}, "and no --route leads to them"},
        {{{"nptv6", "2001:db8:1::/48 -> 2001:db8:ff::/48"}}, "it must be routed to this gateway"},
        {{{"nptv6", "2001:db8::/32 -> 2001:db9::/32"}}, "inside it has addresses of the subnet"},
        {{{"nptv6", "2001:db8:1::/48 -> 2001:db8:1::/48"}},
         "outside its hosts would have addresses of the subnet of --lan6"},
        {{{"nptv6", std::string(kPair) + ", 2001:db8:1::/56 -> 2001:db8:e::/56"}},
         "it overlaps --nptv6"},
        {{{"nptv6", std::string(kPair) + ", 2001:db8:f::/56 -> 2001:db8:e::/56"},
          {"route", "2001:db8:f::/56 via fe80::9"}},
         "outside its hosts would have addresses of --route"},
        {{{"nptv6", "2001:db8:1::/48 -> 64:ff9b::/48"}, {"nat64", "64:ff9b::/96"}},
         "it has addresses behind --nat64"},
        {{{"wan6", "2001:db8:1::2/64"}}, "--wan6 2001:db8:1::2/64: it overlaps the subnet"},
        {{{"wan6", "fe80::2/64"}}, "--wan6 fe80::2/64: a host's address"},
        {{{"gateway6", "2001:db8:fe::1"}}, "it is not on the subnet of --wan6"},
        {{{"gateway6", "2001:db8:ff::2"}}, "this is the gateway's own address"},
        {{{"gateway6", "ff02::1"}}, "an IPv6 address of a host is wanted"},
        {{{"wan", "af_packet:l0"}}, "a gateway with one arm"},
        {{{"wan", "af_packet:w0,vlan=5"}}, "has vlan="},
        {{{"deny", "2001:db8:1::9/128 udp 53"}, {"nat64", "64:ff9b::/96"}},
         "would leave all the same"},
        {{{"snat", "2001:db8:1::/64 -> 198.51.100.7"}}, "IPv6 hosts want --nat64 and --lan6"},
        {{{"claim", "probe"}}, "is not probed for"},
    }));
    CAPTURE(row.flags);
    CHECK_THAT(said_of(row.flags), Catch::Matchers::Contains(row.wanted));
}

TEST_CASE("nptv6 configuration: ten IPv6 hosts can be named beside it", "[config]") {
    std::string routes;
    const auto route_by = [](int hop) {
        const std::string number = std::to_string(hop);
        return "2001:db8:1:" + number + "::/64 via fe80::" + number;
    };
    for (int hop = 1; hop <= 10; ++hop)
        routes += (hop == 1 ? "" : ", ") + route_by(hop);
    CHECK(said_of({{"route", routes}}) == "");
    CHECK_THAT(said_of({{"route", routes + ", " + route_by(11)}}),
               Catch::Matchers::Contains("10 IPv6 hosts can be named"));
}

TEST_CASE("nptv6 configuration: another pair is another line, and wants a restart", "[config]") {
    const std::vector<std::string> words{std::string(kPair) + ",2001:db8:2::/48->"};
    CHECK_FALSE(values_of({"nptv6", words}));
    const std::vector<std::string> sound{std::string(kPair) + ", fd00::/48 -> 2001:db8:e::/48"};
    const auto values = values_of({"nptv6", sound});
    REQUIRE(values);
    CHECK(values.value() == std::vector<std::string>{kPair, "fd00::/48 -> 2001:db8:e::/48"});
    for (const char* flag : {"nptv6", "wan6", "gateway6"})
        CHECK_FALSE(is_changeable(flag));
}

TEST_CASE("nptv6 configuration: the same routers lead to the same networks", "[config]") {
    const auto one = with({{"route", "2001:db8:1:7::/64 via fe80::7"}}).config();
    const auto other = with({{"route", "2001:db8:1:7::/64 via fe80::8"}}).config();
    const auto none = with({}).config();
    REQUIRE((one.ok() && other.ok() && none.ok()));
    CHECK(have_same_ipv6_routes(*one, *one));
    CHECK_FALSE(have_same_ipv6_routes(*one, *other));
    CHECK_FALSE(have_same_ipv6_routes(*one, *none));
}

}  // namespace nptv6_configuration_test
