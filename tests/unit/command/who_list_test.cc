// SPDX-License-Identifier: BSD-3-Clause
#include "command/who_list.h"

#include "catch.h"
#include "served_gateway.h"
#include "testing/ipv6_hosts.h"

#include <nlohmann/json.hpp>

namespace who_list_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using listing::Hold;
using listing::Means;

namespace {

constexpr std::time_t kNoon = 1769860800;  // 2026-01-31T12:00:00Z

const std::vector<Hold> kHolds = {
    {.means = Means::Flow,
     .host = {*net::parse_address("10.1.0.10"), 2},
     .protocol = net::Protocol::Udp,
     .first_port = 2050,
     .last_port = 2050,
     .age = std::chrono::milliseconds(61500),
     .flows = 3},
    {.means = Means::OneToOne, .host = *net::parse_address("10.1.0.21")},
};

}  // namespace

TEST_CASE("who list: a row says host, means, flows, time and what is held", "[command]") {
    const auto asked = listing::PublicEndpoint::parse("198.51.100.1:2050");
    CHECK(who_table(*asked, kHolds, {kNoon}) ==
          "host            kind             flows  since                 public\n"
          "10.1.0.10       flow                 3  2026-01-31T11:58:59Z  198.51.100.1:2050/udp  "
          "zone=2\n"
          "10.1.0.21       one-to-one           0  configured            198.51.100.1\n");
    const auto json = nlohmann::json::parse(who_json(*asked, kHolds, {kNoon}));
    CHECK(json["left_out"] == 0);
    REQUIRE(json["holds"].size() == 2);
    CHECK(json["holds"][0] == nlohmann::json({{"host", "10.1.0.10"},
                                              {"zone", 2},
                                              {"kind", "flow"},
                                              {"flows", 3},
                                              {"since", "2026-01-31T11:58:59Z"},
                                              {"address", "198.51.100.1"},
                                              {"protocol", "udp"},
                                              {"first_port", 2050},
                                              {"last_port", 2050}}));
    CHECK(json["holds"][1] == nlohmann::json({{"host", "10.1.0.21"},
                                              {"kind", "one-to-one"},
                                              {"flows", 0},
                                              {"address", "198.51.100.1"}}));
}

TEST_CASE("who list: what is older than ages are known began then or before", "[command]") {
    const auto asked = listing::PublicEndpoint::parse("198.51.100.1:2050");
    std::vector<Hold> holds{kHolds[0]};
    holds[0].age = listing::kOldestHold;
    CHECK(who_table(*asked, holds, {kNoon}).find("  <2026-01-07T12:00:00Z 198.51.100.1:2050") !=
          std::string::npos);
    const auto json = nlohmann::json::parse(who_json(*asked, holds, {kNoon}));
    CHECK(json["holds"][0]["since"] == "2026-01-07T12:00:00Z");
    CHECK(json["holds"][0]["or_before"] == true);
    keep_since(holds, kNoon - 50 * 24 * 3600, kNoon);  // it may have been there
    CHECK(holds.size() == 1);
}

TEST_CASE("who list: it is cut, and says so", "[command]") {
    const auto asked = listing::PublicEndpoint::parse("198.51.100.1");
    const std::vector<Hold> many(10'005, kHolds[0]);
    CHECK(who_table(*asked, many, {kNoon}).ends_with("\nand 5 more: name a port.\n"));
    const auto json = nlohmann::json::parse(who_json(*asked, many, {kNoon}));
    CHECK(json["holds"].size() == 10'000);
    CHECK(json["left_out"] == 5);
}

TEST_CASE("who list: the socket answers, or says that nobody has it", "[command]") {
    ServedGateway gateway;
    gateway.open_flow({.source = "10.1.0.10", .source_port = 4000});
    CHECK(get(gateway, "/v1/who?public=198.51.100.1:4000/tcp")
              .find("\n10.1.0.10       flow                 1  ") != std::string::npos);
    const auto json =
        nlohmann::json::parse(get(gateway, "/v1/who?public=198.51.100.1:4000&format=json"));
    CHECK(json["holds"][0]["host"] == "10.1.0.10");
    CHECK(get(gateway, "/v1/who?public=198.51.100.1:4001", 404) ==
          "No inside host has 198.51.100.1:4001 now.\n");
    CHECK(get(gateway, "/v1/who?public=198.51.100.1:x", 400) ==
          "198.51.100.1:x is not ADDRESS[:PORT][/PROTOCOL], such as 198.51.100.1:4000/tcp.\n");
    CHECK(get(gateway, "/v1/who", 400).starts_with("/v1/who takes public="));
    for (const char* wrong : {"at=", "at=x", "at=-1", "at=1&at=2", "by=1"})
        CHECK(get(gateway, std::string("/v1/who?public=198.51.100.1&") + wrong, 400)
                  .starts_with("/v1/who takes public="));
}

TEST_CASE("who list: of those who have it, one can ask who had it then", "[command]") {
    std::vector<Hold> holds(kHolds);
    keep_since(holds, kNoon - 61, kNoon);
    CHECK(holds.size() == 2);
    keep_since(holds, kNoon - 62, kNoon);
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].means == Means::OneToOne);
    ServedGateway gateway;
    gateway.open_flow({.source = "10.1.0.10", .source_port = 4000});
    const std::string later = std::to_string(std::time(nullptr) + 60);
    CHECK(get(gateway, "/v1/who?public=198.51.100.1:4000&at=" + later)
              .find("\n10.1.0.10       flow                 1  ") != std::string::npos);
    CHECK(get(gateway, "/v1/who?public=198.51.100.1:4000&at=1", 404) ==
          "No inside host has 198.51.100.1:4000 now that had it then.\n");
}

TEST_CASE("who list: an IPv6 host has its own address", "[command][nat64]") {
    const test::Ipv6Hosts hosts;
    const auto asked = listing::PublicEndpoint::parse("198.51.100.1:2050");
    REQUIRE(asked);
    const std::vector<Hold> holds{
        {.means = Means::OneToOne, .host = hosts.number("2001:db8:1:ffff:ffff:ffff:ffff:fff0")}};
    CHECK(who_table(*asked, holds, {kNoon, hosts.naming})
              .ends_with("2001:db8:1:ffff:ffff:ffff:ffff:fff0 one-to-one           0  configured   "
                         "         198.51.100.1\n"));
    const auto json = nlohmann::json::parse(who_json(*asked, holds, {kNoon, hosts.naming}));
    CHECK(json["holds"][0]["host"] == "2001:db8:1:ffff:ffff:ffff:ffff:fff0");
}

}  // namespace who_list_test
