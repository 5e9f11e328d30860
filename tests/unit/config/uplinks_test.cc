// SPDX-License-Identifier: BSD-3-Clause
#include "config/uplinks.h"

#include "catch.h"
#include "config/lines.h"
#include "packet_builder.h"
#include "unit/config/loaded.h"

#include <string>
#include <vector>

namespace uplinks_test {

using namespace sluice;
using namespace sluice::config;
using sluice::test::ip;

namespace {

Settings two_uplinks() {
    return {{"lan", {"tap:t0"}},
            {"lan-address", {"10.1.0.1/24"}},
            {"wan", {"tap:w0", "tap:w1,vlan=7"}},
            {"wan-address", {"198.51.100.1/24", "192.0.2.1/29"}},
            {"gateway", {"198.51.100.254", "192.0.2.6"}}};
}

Result<Config> load_with(const Settings& changes) {
    return test::Loaded(two_uplinks(), changes).config();
}

std::string why(const Settings& changes) {
    return test::Loaded(two_uplinks(), changes).error();
}

}  // namespace

TEST_CASE("uplinks: --wan, --wan-address and --gateway are triples, in order",
          "[config][uplinks]") {
    const auto config = load_with({{"uplink-weights", {"3,1"}}, {"uplink-choice", {"host"}}});
    REQUIRE(config);
    CHECK(why({}).empty());
    const std::vector<Wan>& wans = config.value().wans;
    REQUIRE(wans.size() == 2);
    CHECK(wans[1].at == Attachment{"tap:w1", 7});
    CHECK(wans[1].own == net::Prefix{ip("192.0.2.1"), 29});
    CHECK(wans[1].gateway == ip("192.0.2.6"));
    CHECK(weight_of(config.value(), 0) == 3);
    CHECK(weight_of(config.value(), 1) == 1);
    CHECK(config.value().uplink_choice == UplinkChoice::Host);
    // Both own addresses are what flows are given, where no pool is named.
    CHECK(config.value().pool == std::vector<AddressRange>{{ip("198.51.100.1"), ip("198.51.100.1")},
                                                           {ip("192.0.2.1"), ip("192.0.2.1")}});
    CHECK_FALSE(is_one_armed(config.value()));
}

TEST_CASE("uplinks: what lacks its counterpart, or is there twice, is refused",
          "[config][uplinks]") {
    CHECK(why({{"gateway", {"198.51.100.254"}}}) ==
          "--wan tap:w1,vlan=7: there is no --gateway in its place");
    CHECK(why({{"wan-address", {"198.51.100.1/24"}}}) ==
          "--wan tap:w1,vlan=7: there is no --wan-address in its place");
    CHECK(why({{"wan", {"tap:w0"}}}) ==
          "--wan-address 192.0.2.1/29: there is no --wan in its place");
    CHECK(why({{"wan", {"tap:w0", "tap:w0"}}}) == "--wan tap:w0: it is there already");
    CHECK(why({{"gateway", {"198.51.100.254", "198.51.100.254 onlink"}}}) ==
          "--gateway 198.51.100.254 onlink: it is there already; each uplink has a gateway of its "
          "own");
    CHECK(why({{"wan-address", {"198.51.100.1/24", "198.51.100.129/25"}}}) ==
          "--wan-address 198.51.100.129/25: its subnet overlaps that of --wan-address "
          "198.51.100.1/24");
    CHECK(why({{"gateway", {"198.51.100.254", "198.51.100.253 onlink"}}}) ==
          "--gateway 198.51.100.253 onlink: it is on the subnet of another --wan-address, "
          "198.51.100.1/24");
    CHECK(why({{"lan", {"tap:w0"}}}) ==
          "--lan tap:w0: it is that of --wan; a gateway with one arm has no other");
    CHECK(why({{"uplink-weights", {"1,2,3"}}}) ==
          "--uplink-weights 1,2,3: there are 2 --wan; as many weights are wanted");
    for (const char* weight : {"0", "256", "1x", "-1"})
        CHECK(why({{"uplink-weights", {std::string("3,") + weight}}}) ==
              std::string("--uplink-weights ") + weight +
                  ": weights from 1 to 255 are wanted, as 3,1");
    CHECK(why({{"uplink-choice", {"packet"}}}) == "--uplink-choice packet: flow or host is wanted");
}

TEST_CASE("uplinks: every public address is of one of several", "[config][uplinks]") {
    const std::string homeless =
        ": it has addresses that are on the subnet of no --wan-address; --route-from \"PREFIX via "
        "GATEWAY\" says whose they are";
    const Settings pool{{"pool", {"203.0.113.8-203.0.113.15"}}};
    CHECK(why(pool) == "--pool 203.0.113.8-203.0.113.15" + homeless);
    CHECK(why({{"forward", {"tcp 203.0.113.8:80 -> 10.1.0.10:80"}}}) ==
          "--forward tcp 203.0.113.8:80 -> 10.1.0.10:80" + homeless);
    CHECK(why({{"one-to-one", {"203.0.113.8 = 10.1.0.10"}}}) ==
          "--one-to-one 203.0.113.8 = 10.1.0.10" + homeless);
    CHECK(why({{"snat", {"10.1.0.0/25 -> 203.0.113.8"}}}) ==
          "--snat 10.1.0.0/25 -> 203.0.113.8" + homeless);

    Settings half = pool;
    half["route-from"] = {"203.0.113.8/30 via 192.0.2.6"};
    CHECK(why(half) == "--pool 203.0.113.8-203.0.113.15" + homeless);
    half["route-from"].push_back("203.0.113.12/30 via 198.51.100.254");
    CHECK(why(half).empty());
    const auto config = load_with(half);
    REQUIRE(config);
    CHECK(belongings(config.value()) == std::vector<link::Belonging>{{{ip("203.0.113.8"), 30}, 1},
                                                                     {{ip("203.0.113.12"), 30}, 0},
                                                                     {{ip("198.51.100.0"), 24}, 0},
                                                                     {{ip("192.0.2.0"), 29}, 1}});

    // One uplink alone has all.
    CHECK(why({{"pool", {"203.0.113.8"}},
               {"wan", {"tap:w0"}},
               {"wan-address", {"198.51.100.1/24"}},
               {"gateway", {"198.51.100.254"}}})
              .empty());
}

TEST_CASE("uplinks: --route-from names a --gateway, and no addresses of another's subnet",
          "[config][uplinks]") {
    CHECK(why({{"route-from", {"203.0.113.0/24 via 192.0.2.5"}}}) ==
          "--route-from 203.0.113.0/24 via 192.0.2.5: it is via no --gateway");
    CHECK(why({{"route-from", {"198.51.100.8/29 via 192.0.2.6"}}}) ==
          "--route-from 198.51.100.8/29 via 192.0.2.6: its addresses are on the subnet of another "
          "--wan-address, 198.51.100.1/24");
    CHECK(why({{"route-from",
                {"203.0.113.0/24 via 192.0.2.6", "203.0.113.0/24 via 198.51.100.254"}}}) ==
          "--route-from 203.0.113.0/24 via 198.51.100.254: there is another for this prefix");
    CHECK(why({{"route-from", {"203.0.113.0/24 via 192.0.2.6 zone 3"}}}) ==
          "--route-from 203.0.113.0/24 via 192.0.2.6 zone 3: zones are of what is inside");
}

TEST_CASE("uplinks: a pool has no gateway or broadcast address of any of them",
          "[config][uplinks]") {
    CHECK(why({{"pool", {"192.0.2.2-192.0.2.6"}}}) ==
          "--pool 192.0.2.2-192.0.2.6: it contains the address of --gateway 192.0.2.6");
    CHECK(why({{"pool", {"192.0.2.7"}}}) ==
          "--pool 192.0.2.7: it contains the network or broadcast address of --wan-address "
          "192.0.2.1/29");
    CHECK(why({{"one-to-one", {"192.0.2.1 = 10.1.0.10"}}}) ==
          "--one-to-one 192.0.2.1 = 10.1.0.10: it has the address of --wan-address 192.0.2.1/29");
    CHECK(why({{"route", {"10.9.0.0/16 via 192.0.2.5"}}}).empty());
    CHECK(why({{"neighbour", {"192.0.2.6=02:00:00:00:00:01"}}}).empty());
    CHECK(why({{"neighbour", {"192.0.2.1=02:00:00:00:00:01"}}})
              .ends_with("this is the gateway's own address"));
}

TEST_CASE("uplinks: weights, gateways and whose addresses are can change while it runs",
          "[config][uplinks]") {
    for (const char* flag : {"uplink-weights", "uplink-choice", "gateway", "route-from"})
        CHECK(is_changeable(flag));
    for (const char* flag : {"wan", "wan-address"})
        CHECK_FALSE(is_changeable(flag));
    CHECK(is_about_flows("route-from"));
}

}  // namespace uplinks_test
