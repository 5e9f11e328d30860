// SPDX-License-Identifier: BSD-3-Clause
#include "command/top_lists.h"

#include "catch.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using conntrack::TcpState;

namespace {

void open_counted(Gateway& gateway, const Sample& sample) {
    const auto admitted = gateway.hosts->admit(listing::testing::original(sample).source, {}, kNow);
    flow::Member member(*gateway.table);
    gateway.hosts->set_host(open(*gateway.table, member, sample), admitted.host);
}

}  // namespace

TEST_CASE("top lists: hosts come as a table and as JSON", "[command]") {
    ServedGateway gateway;
    for (uint16_t port = 5000; port < 5003; ++port)
        open_counted(gateway, {.source = "10.1.0.10", .source_port = port});
    open_counted(gateway, {.source = "10.1.0.11", .source_port = 5004});
    CHECK(get(gateway, "/v1/hosts") ==
          "host                       flows   half_open       ports      blocks        rate     "
          "refused\n"
          "10.1.0.10                      3           3           3           0           0        "
          "   0\n"
          "10.1.0.11                      1           1           1           0           0        "
          "   0\n");
    const auto json = nlohmann::json::parse(get(gateway, "/v1/hosts?format=json&top=1&by=ports"));
    REQUIRE(json.size() == 1);
    CHECK(json[0]["host"] == "10.1.0.10");
    CHECK(json[0]["flows"] == 3);
    CHECK(json[0]["half_open"] == 3);
}

TEST_CASE("top lists: ports in use and left come as a table and as JSON", "[command]") {
    ServedGateway gateway;
    for (uint16_t port = 5000; port < 5012; ++port)
        gateway.open_flow({.source_port = port});
    CHECK(get(gateway, "/v1/ports") ==
          "address                 protocol        used        left  destination\n"
          "198.51.100.1                 tcp          12       64500  203.0.113.10:80\n");
    const auto json = nlohmann::json::parse(get(gateway, "/v1/ports?format=json"));
    REQUIRE(json.size() == 1);
    CHECK(json[0]["left"] == 64500);
    CHECK(json[0]["destination"] == "203.0.113.10:80");
}

TEST_CASE("top lists: what cannot be read is refused with a sentence", "[command]") {
    ServedGateway gateway;
    CHECK(get(gateway, "/v1/hosts?top=0", 400) == "top=0 is not a number from 1 to 10000.\n");
    CHECK(get(gateway, "/v1/hosts?by=luck", 400) == "by=luck is neither flows, ports nor rate.\n");
    CHECK(get(gateway, "/v1/ports?by=flows", 400).starts_with("by is not known here"));
    CHECK(
        nlohmann::json::parse(get(gateway, "/v1/ports?top=x&format=json", 400)).contains("error"));
}
