// SPDX-License-Identifier: BSD-3-Clause
#include "command/outlooks.h"

#include "catch.h"
#include "command/metrics.h"
#include "command/stats_text.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

namespace outlooks_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using namespace std::chrono_literals;

namespace {

/// A gateway with room for 100 flows, and public addresses with so many ports.
struct Filling : Gateway {
    explicit Filling(uint32_t ports) : Gateway(100) {
        told.ports_of = [ports](Be32) { return ports; };
        told.tell = [this](const std::string& sentence) { said.push_back(sentence); };
        told.flows_outlook = [this] { return outlooks.flows(); };
        told.port_outlooks = [this] { return outlooks.ports(); };
    }

    /// Ten seconds in which `flows` more open, all by one address toward one destination.
    void pass(uint32_t flows) {
        flow::Member member(*table);
        for (uint32_t i = 0; i < flows; ++i, ++port)
            open(*table, member, {.source_port = port, .destination_port = 80});
        outlooks.look(now += 10s);
    }

    std::vector<std::string> said;
    Subject told = subject();
    Outlooks outlooks{told};
    Outlooks::Clock::time_point now{1000s};
    uint16_t port = 2000;
};

}  // namespace

TEST_CASE("outlooks: a table that fills says when it is full, and at which marks", "[command]") {
    Filling gateway(64'512);
    for (int i = 0; i < 4; ++i)
        gateway.pass(10);
    CHECK(gateway.outlooks.flows().used == 40);
    CHECK(gateway.outlooks.flows().room == 100);
    CHECK(gateway.outlooks.flows().full_in == 60);
    CHECK(gateway.said.empty());
    for (int i = 0; i < 4; ++i)
        gateway.pass(10);
    REQUIRE(gateway.said.size() == 1);
    CHECK(gateway.said[0] ==
          "the flow table is 80 % full: 80 of 100; full in 20 s at the present rate");
    gateway.pass(15);
    REQUIRE(gateway.said.size() == 2);
    CHECK(gateway.said[1].starts_with("the flow table is 95 % full: 95 of 100"));
    const std::vector<Passing> passings = gateway.outlooks.passings().since(0);
    REQUIRE(passings.size() == 2);
    CHECK(passings[0].mark == 80);
    CHECK(passings[0].outlook.used == 80);
    CHECK_FALSE(passings[0].ports);
    CHECK(passings[1].mark == 95);
    CHECK(gateway.outlooks.passings().since(1).size() == 1);
}

TEST_CASE("outlooks: ports that run short are told by address and destination", "[command]") {
    Filling gateway(50);
    for (int i = 0; i < 4; ++i)
        gateway.pass(5);
    CHECK(gateway.outlooks.ports().empty());
    CHECK(gateway.outlooks.fullest() == 400);
    gateway.pass(5);
    const auto ports = gateway.outlooks.ports();
    REQUIRE(ports.size() == 1);
    CHECK(ports[0].outlook.used == 25);
    CHECK(ports[0].outlook.room == 50);
    CHECK(ports[0].outlook.full_in == 50);
    gateway.pass(15);
    REQUIRE(gateway.said.size() == 1);
    CHECK(gateway.said[0].starts_with(
        "198.51.100.1, ports of tcp toward 203.0.113.10:80: 80 % full: 40 of 50"));
    const std::vector<Passing> passings = gateway.outlooks.passings().since(0);
    REQUIRE(passings.size() == 1);
    REQUIRE(passings[0].ports);
    CHECK(listing::destination_of(*passings[0].ports) == "203.0.113.10:80");
}

TEST_CASE("outlooks: metrics and statistics have them while something fills", "[command]") {
    Filling gateway(50);
    CHECK(metrics_text(gateway.told).find("\nsluice_flows_full_seconds ") == std::string::npos);
    CHECK(nlohmann::json::parse(stats_json(gateway.told))["flows"]["full_in"].is_null());
    for (int i = 0; i < 5; ++i)
        gateway.pass(5);
    const std::string metrics = metrics_text(gateway.told);
    const std::string labels =
        "{address=\"198.51.100.1\",protocol=\"tcp\",destination=\"203.0.113.10:80\"}";
    CHECK(metrics.find("\nsluice_flows_full_seconds 150\n") != std::string::npos);
    CHECK(metrics.find("\nsluice_ports_used_ratio" + labels + " 0.5\n") != std::string::npos);
    CHECK(metrics.find("\nsluice_ports_full_seconds" + labels + " 50\n") != std::string::npos);
    const auto stats = nlohmann::json::parse(stats_json(gateway.told));
    CHECK(stats["flows"]["full_in"] == 150);
    CHECK(stats["full_ports"].at(0)["destination"] == "203.0.113.10:80");
    CHECK(stats["full_ports"].at(0)["full_in"] == 50);
}

TEST_CASE("outlooks: times are told in their own units", "[command]") {
    CHECK(duration_text(0) == "0 s");
    CHECK(duration_text(119) == "119 s");
    CHECK(duration_text(120) == "2 min");
    CHECK(duration_text(7199) == "119 min");
    CHECK(duration_text(7260) == "2 h 1 min");
    CHECK(duration_text(172'800) == "2 days");
}

}  // namespace outlooks_test
