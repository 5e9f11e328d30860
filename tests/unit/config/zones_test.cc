// SPDX-License-Identifier: BSD-3-Clause

// Zones: what reads them, and what they let stand beside one another. There is no file of their
// own in lib/config: each flag has its part.

#include "catch.h"
#include "config/lines.h"
#include "config/mappings.h"
#include "config/neighbours.h"
#include "packet_builder.h"
#include "unit/config/loaded.h"

#include <string>
#include <vector>

namespace zones_test {

using namespace sluice;
using namespace sluice::config;
using sluice::test::ip;

namespace {

constexpr unsigned kCpus[] = {0, 1, 2, 3};

/// Two tenants with the same network, and one of them with another beside it.
Settings tenants() {
    return {{"lan", {"tap:t0,vlan=10,zone=10", "tap:t0,zone=11,vlan=11", "tap:t0,vlan=12,zone=11"}},
            {"lan-address", {"10.1.0.1/24", "10.1.0.1/24", "10.2.0.1/24"}},
            {"wan", {"tap:w0"}},
            {"wan-address", {"198.51.100.1/24"}},
            {"gateway", {"198.51.100.254"}}};
}

Result<Config> load_with(const Settings& changes) {
    return test::Loaded(tenants(), changes).config();
}

std::string why(const Settings& changes) {
    return test::Loaded(tenants(), changes).error();
}

}  // namespace

TEST_CASE("zones: an inside interface has one, 0 where none is said", "[config][zones]") {
    const auto config = load_with({});
    REQUIRE(config);
    CHECK(config.value().lans[0].zone == 10);
    CHECK(config.value().lans[1].zone == 11);
    CHECK(config.value().lans[1].at.port == "tap:t0");
    CHECK(config.value().lans[1].at.vlan == 11);
    CHECK(why({}).empty());
    const auto plain = load_with({{"lan", {"tap:t0", "tap:t1", "tap:t2"}}});
    REQUIRE(plain);
    CHECK(plain.value().lans[0].zone == 0);
}

TEST_CASE("zones: what names one names it behind the inside address", "[config][zones]") {
    const auto config =
        load_with({{"snat", {"10.1.0.0/24 zone 11 to 192.0.2.0/24 -> 198.51.100.7"}},
                   {"no-nat", {"10.2.0.0/24 zone 11 to 203.0.113.0/24"}},
                   {"deny", {"10.1.0.0/24 zone 10 tcp 25", "10.2.0.0/24"}},
                   {"forward",
                    {"tcp 198.51.100.8:80 -> 10.1.0.10:80 zone 11 from 203.0.113.0/24",
                     "tcp 198.51.100.8:81 -> 10.1.0.10:80 zone 10"}},
                   {"one-to-one",
                    {"198.51.100.9 = 10.1.0.20 zone 10,198.51.100.10 = 10.1.0.20 "
                     "zone 11"}},
                   {"route",
                    {"10.9.0.0/16 via 10.1.0.9 zone 11",
                     "10.9.0.0/16 via 10.1.0.9 zone "
                     "10"}},
                   {"neighbour",
                    {"10.1.0.10=02:00:00:00:00:10 zone 10,"
                     "10.1.0.10=02:00:00:00:00:11 zone 11"}},
                   {"inside", {"10.1.0.0/24", "10.2.0.0/24", "10.9.0.0/16"}},
                   {"pool", {"198.51.100.1"}}});
    if (!config)
        FAIL(config.error().message);
    const Status status = validate(config.value(), kCpus);
    if (!status)
        FAIL(status.error().message);
    const Config& read = config.value();
    CHECK(read.snat[0].zone == 11);
    CHECK(read.no_nat[0].zone == 11);
    CHECK(read.deny[0].zone == 10);
    CHECK_FALSE(read.deny[1].zone);
    CHECK(read.forwards[0].internal.zone == 11);
    CHECK(read.forwards[0].from.length == 24);
    CHECK(read.forwards[1].internal.zone == 10);
    CHECK(read.one_to_one[1].zone == 11);
    CHECK(read.routes[0].zone == 11);
    CHECK(read.fixed_neighbours[1].zone == 11);
    // What is written is what is read.
    CHECK(config::to_string(read.forwards[0]) ==
          "tcp 198.51.100.8:80 -> 10.1.0.10:80 zone 11 from 203.0.113.0/24");
    CHECK(config::to_string(read.one_to_one[1]) == "198.51.100.10 = 10.1.0.20 zone 11");
    CHECK(config::to_string(read.routes[0]) == "10.9.0.0/16 via 10.1.0.9 zone 11");
    CHECK(config::to_string(read.fixed_neighbours[1]) == "10.1.0.10=02:00:00:00:00:11 zone 11");
}

TEST_CASE("zones: what contradicts itself is told by its flag and value", "[config][zones]") {
    const auto two = [](const char* first, const char* second, const char* third) {
        return Settings{{"lan", {first, second, third}}};
    };
    CHECK(
        why(two("tap:t0", "tap:t1", "tap:t2")) ==
        "--lan tap:t1: the subnet of its --lan-address 10.1.0.1/24 overlaps that of --lan tap:t0, "
        "10.1.0.1/24, and both are of zone 0");
    CHECK(why(two("tap:t0,zone=4096", "tap:t1", "tap:t2")) ==
          "--lan tap:t0,zone=4096: one zone from 0 to 4095 is wanted behind zone=");
    CHECK(why(two("tap:t0,zone=1,zone=2", "tap:t1", "tap:t2"))
              .starts_with("--lan tap:t0,zone=1,zone=2: one zone"));
    CHECK(why({{"wan", {"tap:w0,zone=1"}}}) == "--wan tap:w0,zone=1: zones are of what is inside");
    CHECK(why({{"lan", {"tap:w0,zone=1"}}, {"lan-address", {"10.1.0.1/24"}}})
              .ends_with("a gateway with one arm has no zones"));
    CHECK(why({{"snat", {"10.1.0.0/24 zone 5 -> 198.51.100.7"}}})
              .starts_with(
                  "--snat 10.1.0.0/24 zone 5 -> 198.51.100.7: its hosts are on the subnet of "
                  "no --lan-address of zone 5"));
    CHECK(why({{"no-nat", {"10.1.0.0/24 zone 10", "10.1.0.0/25 zone 11"}}})
              .starts_with("--no-nat 10.1.0.0/25 zone 11: without NAT an address can be of one "
                           "zone only"));
    CHECK(why({{"no-nat", {"10.1.0.0/24 zone 10", "10.1.0.0/25 zone 10"}}}).empty());
    CHECK(why({{"deny", {"10.2.0.0/24 zone 10"}},
               {"inside", {}},
               {"snat",
                {"10.1.0.0/24 zone 10 -> 198.51.100.7", "10.2.0.0/24 zone 11 -> 198.51.100.7"}}})
              .ends_with("no rule serves any of these hosts"));
    CHECK(why({{"forward", {"tcp 198.51.100.8:80 -> 10.2.0.10:80 zone 10"}},
               {"snat", {"10.1.0.0/24 -> 198.51.100.7", "10.2.0.0/24 zone 11 -> 198.51.100.7"}}})
              .ends_with("inside: the gateway does not serve this address"));
    CHECK(why({{"one-to-one",
                {"198.51.100.9 = 10.1.0.20 zone 10", "198.51.100.10 = 10.1.0.20 zone 10"}}})
              .ends_with("an address of it is in 198.51.100.9 = 10.1.0.20 zone 10"));
    CHECK(why({{"route", {"10.9.0.0/16 via 10.1.0.9"}}})
              .ends_with("its next hop is on the subnet of no port"));
    CHECK(why({{"route", {"10.9.0.0/16 via 10.2.0.9 zone 10"}}})
              .ends_with("its next hop is on the subnet of no --lan of that zone"));
    CHECK(why({{"route", {"192.0.2.0/24 via 198.51.100.7", "192.0.2.0/24 via 10.1.0.9 zone 10"}}})
              .ends_with("there is a route to this prefix already, via 198.51.100.7"));
    CHECK(why({{"neighbour", {"10.2.0.9=02:00:00:00:00:10 zone 10"}}})
              .ends_with("it is on no subnet of that zone"));
}

TEST_CASE("zones: the gateway's own address in one may be a host's in another", "[config][zones]") {
    CHECK(why({{"lan-address", {"10.1.0.1/24", "10.1.0.2/24", "10.2.0.1/24"}},
               {"forward", {"tcp 198.51.100.8:80 -> 10.1.0.2:80 zone 10"}},
               {"neighbour", {"10.1.0.1=02:00:00:00:00:10 zone 11"}}})
              .empty());
}

}  // namespace zones_test
