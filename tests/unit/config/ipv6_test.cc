// SPDX-License-Identifier: BSD-3-Clause
#include "config/ipv6.h"

#include "catch.h"
#include "config/lines.h"
#include "config/mappings.h"
#include "config/ports.h"
#include "config/read_match.h"
#include "config/read_rules.h"
#include "config/validate.h"
#include "net/text.h"
#include "unit/config/loaded.h"

#include <string>
#include <utility>
#include <vector>

namespace ipv6_test {

using namespace sluice;
using namespace sluice::config;
using test::Flags;
using test::Loaded;

namespace {

Loaded with(const Flags& flags) {
    Settings settings = test::least_settings();
    settings.merge(Settings{{"nat64", {"64:ff9b::/96"}}, {"lan6", {"2001:db8:1::1/64"}}});
    return {settings, flags};
}

/// What load() or validate() says of these flags; empty where all is well.
std::string said_of(const Flags& flags) {
    return with(flags).error();
}

}  // namespace

TEST_CASE("ipv6 configuration: its hosts are those of one more inside interface", "[config]") {
    const auto config = with({}).config();
    REQUIRE(config);
    CHECK(said_of({}) == "");
    REQUIRE(config.value().lans.size() == 2);
    CHECK(config.value().lans[1].at.port == "af_packet:l0");
    CHECK(config.value().lans[1].at.vlan == link::kIpv6Side);
    CHECK(net::to_string(config.value().lans[1].own) == "198.18.0.1/16");
    CHECK(config.value().inside.size() == 2);  // which is served as the other is
    CHECK(ports_of(config.value())[0].vlans == std::vector<link::VlanId>{link::kUntagged});
}

TEST_CASE("ipv6 configuration: UDP without a checksum is given one, unless said otherwise",
          "[config]") {
    using nat64::ZeroChecksum;
    CHECK(with({}).config().value().zero_checksum == ZeroChecksum::Compute);
    for (const auto& [word, wanted] :
         {std::pair{"compute", ZeroChecksum::Compute}, {"drop", ZeroChecksum::Drop}}) {
        const Flags flags{{"nat64-zero-checksum", word}};
        CHECK(said_of(flags) == "");
        CHECK(with(flags).config().value().zero_checksum == wanted);
    }
}

TEST_CASE("ipv6 configuration: without the flags there is none", "[config]") {
    const auto config = with({{"nat64", ""}, {"lan6", ""}}).config();
    REQUIRE(config);
    CHECK(config.value().lans.size() == 1);
    CHECK(said_of({{"nat64", ""}, {"lan6", ""}}) == "");
}

TEST_CASE("ipv6 configuration: one of a pair serves it too", "[config]") {
    CHECK(said_of({{"sync", "listen=10.9.0.1:7000,peer=10.9.0.2:7000"},
                   {"sync-key", "/etc/sluice/key"}}) == "");
}

TEST_CASE("ipv6 configuration: what cannot be is refused with its reason", "[config]") {
    struct Row {
        Flags flags;
        const char* wanted;
    };
    const Row row = GENERATE(values<Row>({
        {{{"nat64", ""}}, "--lan6 2001:db8:1::1/64: without --nat64"},
        {{{"lan6", ""}}, "--nat64 64:ff9b::/96: it wants --lan6"},
        {{{"nat64", ""}, {"lan6", ""}, {"ra", "1"}}, "--ra 1: there is no --lan6"},
        {{{"nat64-zero-checksum", "keep"}},
         "--nat64-zero-checksum keep: compute or drop is wanted"},
        {{{"nat64", ""}, {"lan6", ""}, {"nat64-zero-checksum", "drop"}},
         "--nat64-zero-checksum drop: it wants --nat64"},
        {{{"nat64", "64:ff9b::/95"}}, "--nat64 64:ff9b::/95: an IPv6 prefix of 32"},
        {{{"nat64", "64:ff9b::1/96"}}, "--nat64 64:ff9b::1/96: an IPv6 prefix of 32"},
        {{{"nat64", "10.0.0.0/8"}}, "--nat64 10.0.0.0/8: an IPv6 prefix of 32"},
        {{{"nat64", "ff00::/32"}}, "--nat64 ff00::/32: an IPv6 prefix of 32"},
        {{{"lan6", "2001:db8:1::/64"}}, "--lan6 2001:db8:1::/64: a host's address"},
        {{{"lan6", "fe80::1/64"}}, "--lan6 fe80::1/64: a host's address"},
        {{{"lan6", "2001:db8:1::1"}}, "--lan6 2001:db8:1::1: an IPv6 address with the length"},
        {{{"lan6", "64:ff9b::1/64"}}, "--lan6 64:ff9b::1/64: it overlaps --nat64 64:ff9b::/96"},
        {{{"ipv6-numbers", "198.18.0.0/30"}}, "--ipv6-numbers 198.18.0.0/30: a network of 12"},
        {{{"ipv6-numbers", "198.18.0.1/16"}}, "--ipv6-numbers"},
        {{{"ipv6-numbers", "10.1.0.0/16"}},
         "--ipv6-numbers 10.1.0.0/16: it overlaps the subnet of --lan-address 10.1.0.1/24"},
        {{{"ipv6-numbers", "240.0.0.0/12"}}, "--ipv6-numbers 240.0.0.0/12: no host can have"},
        {{{"lan", "af_packet:l0,vlan=5"}}, "has vlan="},
        {{{"wan", "af_packet:l0"}, {"pool", "198.18.0.7-198.18.0.8"}},
         "overlaps the subnet of --lan-address 198.18.0.1/16"},
        {{{"lan6", "2001:db8:1:1::/48"},
          {"sync", "listen=10.9.0.1:7000,peer=10.9.0.2:7000"},
          {"sync-key", "/etc/sluice/key"}},
         "with --sync its last 64 bits"},
        {{{"inside-routing", "1"}}, "--inside-routing would show"},
        {{{"no-nat", "198.16.0.0/12"}}, "overlaps --ipv6-numbers 198.18.0.0/16"},
        {{{"claim", "probe"}}, "is not probed for"},
        {{{"on-conflict", "leave"}}, "--on-conflict leave: --lan6"},
        {{{"ra", "1"}, {"announce-interval", "0"}}, "hosts forget a router"},
        {{{"ra", "1"}, {"announce-interval", "601"}}, "hosts forget a router"},
        {{{"ra-dns", "2001:db8:1::53"}}, "--ra-dns 2001:db8:1::53: it wants --ra 1"},
        {{{"ra", "1"}, {"ra-dns", "10.1.0.53"}}, "--ra-dns 10.1.0.53: the IPv6 address"},
        {{{"ra", "1"}, {"ra-dns", "ff02::fb"}}, "--ra-dns ff02::fb: the IPv6 address"},
        {{{"ra", "1"}, {"ra-dns", ","}}, "--ra-dns ,: one address is wanted, or up to 3"},
        {{{"ra", "1"}, {"ra-dns", "fe80::1,fe80::2,fe80::3,fe80::4"}}, "or up to 3"},
        {{{"ra", "1"}, {"ra-dns", "2001:db8:1::1"}}, "the gateway's own address"},
        {{{"ra", "1"}, {"ra-dns", "2001:db8:1::53,2001:db8:2::53"}},
         "--ra-dns 2001:db8:2::53: without --nptv6 or --route6"},
    }));
    CAPTURE(row.flags);
    CHECK_THAT(said_of(row.flags), Catch::Matchers::Contains(row.wanted));
}

TEST_CASE("ipv6 configuration: it goes with one arm, and beside a twin", "[config]") {
    CHECK(said_of({{"wan", "af_packet:l0"}}) == "");
    CHECK(said_of({{"lan-twin", "sluice0"}}) == "");
    CHECK(said_of({{"wan", "af_packet:l0"}, {"wan-twin", "sluice0"}}) == "");
    const auto config = with({{"wan", "af_packet:l0"}}).config();
    REQUIRE(config);
    CHECK(is_one_armed(config.value()));
    CHECK(config.value().lans.size() == 2);
}

TEST_CASE("ipv6 configuration: hosts are told of DNS servers that they reach", "[config]") {
    const Flags told{{"ra", "1"},
                     {"ra-dns", "2001:db8:1::53,64:ff9b::198.51.100.53,2001:db8:2::53"},
                     {"route", "2001:db8:2::/48 via fe80::9"}};
    CHECK(said_of(told) == "");
    const auto config = with(told).config();
    REQUIRE(config);
    REQUIRE(config.value().dns6.size() == 3);
    CHECK(net::to_string(config.value().dns6[1]) == "64:ff9b::c633:6435");
    CHECK(said_of({{"ra", "1"},
                   {"ra-dns", "2001:db8:cafe::53,fe80::53"},
                   {"route6", "2001:db8:1::/64"},
                   {"wan6", "2001:db8:ff::2/64"},
                   {"gateway6", "fe80::1"}}) == "");
}

TEST_CASE("ipv6 configuration: what is named has a part of the numbers", "[config]") {
    const auto config = with({{"snat", "2001:db8:1::/80 tcp 25 -> 198.51.100.7"},
                              {"deny", "10.1.0.0/24 tcp 2001:db8:1::9/128 udp 53"},
                              {"route", "2001:db8:2::/48 via fe80::9"},
                              {"forward", "tcp 198.51.100.1:80 -> [2001:db8:1::5]:8080"},
                              {"inside", "10.1.0.0/24,198.18.0.0/16"}})
                            .config();
    REQUIRE(config);
    CHECK(validate(config.value(), test::kCpus));
    CHECK(net::to_string(config.value().snat[0].inside) == "198.18.128.0/18");
    CHECK(to_string(config.value().snat[0]) == "2001:db8:1::/80 tcp 25 -> 198.51.100.7");
    REQUIRE(config.value().deny.size() == 2);
    CHECK(to_string(config.value().deny[1]) == "2001:db8:1::9/128 udp 53");
    CHECK(net::to_string(config.value().deny[1].inside) == "198.18.128.4/32");
    CHECK(net::to_string(config.value().routes[0].prefix) == "198.18.192.0/18");
    CHECK(net::to_string(config.value().routes[0].via) == "198.18.0.3");
    CHECK(to_string(config.value().routes[0]) == "2001:db8:2::/48 via fe80::9");
    CHECK(net::to_string(config.value().forwards[0].internal.address) == "198.18.128.3");
    CHECK(to_string(config.value().forwards[0]) == "tcp 198.51.100.1:80 -> [2001:db8:1::5]:8080");
}

TEST_CASE("ipv6 configuration: whom nobody can be is not named", "[config]") {
    struct Row {
        Flags flags;
        const char* wanted;
    };
    constexpr auto kForward = "tcp 198.51.100.1:80 -> [2001:db8:9::5]:80";
    const Row row = GENERATE_COPY(values<Row>({
        {{{"snat", "2001:db8:9::/48 -> 198.51.100.7"}}, "is not on the subnet of --lan6"},
        {{{"snat", "2001:db8:1::1/48 -> 198.51.100.7"}}, "host bits are set; 2001:db8:1::/48"},
        {{{"snat", "2001:db8:1::/129 -> 198.51.100.7"}}, "an IPv6 network is wanted"},
        {{{"deny", "2001:db8:9::/48"}}, "--deny 2001:db8:9::/48: it is not on the subnet"},
        {{{"no-nat", "2001:db8:1::/64"}}, "--no-nat 2001:db8:1::/64: IPv6 hosts cannot leave"},
        {{{"inside", "2001:db8:1::/64"}}, "--inside 2001:db8:1::/64: an IPv4 prefix is wanted"},
        {{{"forward", kForward}}, "is not on the subnet of --lan6"},
        {{{"forward", "tcp 198.51.100.1:80 -> [2001:db8:1::1]:80"}}, "the address of --lan6"},
        {{{"route", "2001:db8:2::/48 via 10.1.0.9"}}, "an IPv6 address is wanted behind via"},
        {{{"route", "10.9.0.0/16 via fe80::9"}}, "an IPv4 address is wanted behind via"},
        {{{"route", "2001:db8:2::/48 via 2001:db8:3::9"}}, "its next hop is not on the subnet"},
        {{{"route", "2001:db8:2::/48 via 2001:db8:1::1"}}, "the gateway's own address"},
        {{{"route", "2001:db8:1::/72 via fe80::9"}}, "it leads to the subnet of --lan6"},
        {{{"route", "64:ff9b::/64 via fe80::9"}}, "it leads to --nat64"},
        {{{"route", "::/0 via fe80::9"}}, "it leads to no network of hosts inside"},
        {{{"route", "2001:db8:2::/48 via fe80::9"}, {"ipv6-numbers", "198.18.0.0/24"}},
         "--ipv6-numbers 198.18.0.0/24: it is too small"},
        {{{"forward", "tcp 198.51.100.1:80 -> 198.18.0.40:80"}}, "its host is of --ipv6-numbers"},
        {{{"one-to-one", "198.51.100.9 = 198.18.0.40"}}, "it has addresses of --ipv6-numbers"},
        {{{"route", "10.9.0.0/16 via 198.18.0.40"}}, "its next hop is of --ipv6-numbers"},
        {{{"forward", "tcp 198.51.100.1:80 -> [2001:db8:1::5]:80 zone 3"}}, "of zone 0"},
        {{{"route", "2001:db8:2::/48 via fe80::9 zone 3"}}, "of zone 0"},
        {{{"lan6", ""}, {"nat64", ""}, {"deny", "2001:db8:1::/64"}}, "IPv6 hosts want --nat64"},
        {{{"lan6", ""}, {"nat64", ""}, {"route", "2001:db8:2::/48 via fe80::9"}},
         "IPv6 hosts want --lan6"},
    }));
    CAPTURE(row.flags);
    CHECK_THAT(said_of(row.flags), Catch::Matchers::Contains(row.wanted));
}

}  // namespace ipv6_test
