// SPDX-License-Identifier: BSD-3-Clause
#include "command/stats_text.h"

#include "catch.h"
#include "served_gateway.h"
#include "testing/ipv6_hosts.h"

#include <nlohmann/json.hpp>

namespace stats_text_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using stats::Count;
using stats::Drop;

namespace {

bool has_row(const std::string& table, const std::string& name, const std::string& value) {
    const std::string line = "\n  " + name + std::string(28 - name.size(), ' ') +
                             std::string(20 - value.size(), ' ') + value + "\n";
    return table.find(line) != std::string::npos;
}

}  // namespace

TEST_CASE("stats text: the table names packets, drops and flows", "[command]") {
    Gateway gateway(100);
    gateway.open_flow({.state = conntrack::TcpState::Established});
    gateway.counters[0].count[Count::Received].add(12'345'678'901);
    gateway.counters[1].count[Count::Put].add(5);
    gateway.counters[0].drop[Drop::NoMapping].add(2);
    gateway.counters[1].drop[Drop::NoMapping].add(1);
    const std::string table = stats_table(gateway.subject(), DropRows::NonZero);
    CHECK(table.starts_with("packets\n"));
    CHECK(has_row(table, "received", "12345678901"));
    CHECK(has_row(table, "held", "5"));
    CHECK(has_row(table, "dropped", "3"));
    CHECK(has_row(table, "no_mapping", "3"));
    CHECK(has_row(table, "live", "1"));
    CHECK(has_row(table, "capacity", "100"));
    CHECK(has_row(table, "flows_opened", "0"));
    CHECK(table.find("table_full") == std::string::npos);
    CHECK(has_row(stats_table(gateway.subject(), DropRows::All), "table_full", "0"));
}

TEST_CASE("stats text: ports say whether they have a link, and what they lost", "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    subject.ports = [] {
        return std::vector<PortReport>{{"lan", true, 1500, {{"rx_missed", 7}, {"tx_errors", 0}}},
                                       {"wan", false, 1400, {}}};
    };
    const std::string table = stats_table(subject, DropRows::NonZero);
    CHECK(has_row(table, "lan link", "1"));
    CHECK(has_row(table, "lan rx_missed", "7"));
    CHECK(has_row(table, "wan link", "0"));
    CHECK(has_row(table, "wan mtu", "1400"));
    CHECK(table.find("tx_errors") == std::string::npos);
    CHECK(has_row(stats_table(subject, DropRows::All), "lan tx_errors", "0"));
    const auto json = nlohmann::json::parse(stats_json(subject));
    REQUIRE(json["ports"].size() == 2);
    CHECK(json["ports"][0]["lost"]["rx_missed"] == 7);
    CHECK(json["ports"][1]["link"] == false);
}

TEST_CASE("stats text: with IPv6 it says who has numbers, and what these take",
          "[command][nat64]") {
    Gateway gateway;
    const test::Ipv6Hosts hosts;
    Subject subject = gateway.subject();
    CHECK(stats_table(subject, DropRows::All).find("ipv6 hosts") == std::string::npos);
    CHECK_FALSE(nlohmann::json::parse(stats_json(subject)).contains("ipv6"));
    hosts.number("2001:db8:1::10");
    hosts.number("2001:db8:1::11");
    subject.naming = hosts.naming;
    const std::string table = stats_table(subject, DropRows::NonZero);
    CHECK(has_row(table, "have a number", "2"));
    CHECK(has_row(table, "numbers", std::to_string(hosts.numbers->capacity())));
    CHECK(has_row(table, "bytes for a number", "25"));
    const auto json = nlohmann::json::parse(stats_json(subject))["ipv6"];
    CHECK(json["hosts"] == 2);
    CHECK(json["bytes"] == hosts.numbers->bytes());
}

TEST_CASE("stats text: addresses that were exhausted are listed", "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    subject.pools = [] {
        return std::vector<PoolAddress>{{"198.51.100.1-198.51.100.2", "198.51.100.1", 0},
                                        {"198.51.100.1-198.51.100.2", "198.51.100.2", 7}};
    };
    const std::string table = stats_table(subject, DropRows::NonZero);
    CHECK(has_row(table, "198.51.100.2", "7"));
    CHECK(table.find("198.51.100.1 ") == std::string::npos);
    CHECK(has_row(stats_table(subject, DropRows::All), "198.51.100.1", "0"));
    const auto json = nlohmann::json::parse(stats_json(subject));
    REQUIRE(json["pools"].size() == 2);
    CHECK(json["pools"][1]["address"] == "198.51.100.2");
    CHECK(json["pools"][1]["exhausted"] == 7);
}

TEST_CASE("stats text: JSON has every counter, also those at zero", "[command]") {
    Gateway gateway;
    gateway.counters[1].count[Count::Transmitted].add(4);
    gateway.counters[1].drop[Drop::TxFull].add(1);
    const auto json = nlohmann::json::parse(stats_json(gateway.subject()));
    CHECK(json["version"] == "1.2.3");
    CHECK(json["packets"]["transmitted"] == 4);
    CHECK(json["packets"]["dropped"] == 1);
    CHECK(json["drops"].size() == stats::kDropCount);
    CHECK(json["drops"]["tx_full"] == 1);
    // Four of the counts stand among the packets.
    CHECK(json["events"].size() == stats::kCountCount - 4);
    CHECK(json["flows"]["capacity"] == 1000);
    CHECK(json["workers"].size() == 2);
    CHECK(json["workers"][1]["transmitted"] == 4);
    CHECK(json["workers"][1]["worker"] == 1);
}

TEST_CASE("stats text: as JSON a gateway that is one of two says which, others do not",
          "[command]") {
    Gateway gateway;
    Subject subject = gateway.subject();
    CHECK_FALSE(nlohmann::json::parse(stats_json(subject)).contains("pair"));
    subject.pair = [] { return PairReport{.is_active = false, .peer = PairReport::Peer::Away}; };
    CHECK(nlohmann::json::parse(stats_json(subject))["pair"] ==
          nlohmann::json{{"role", "standby"},
                         {"peer", "away"},
                         {"whole", false},
                         {"behind", 0},
                         {"differs", false},
                         {"text", "standby; the peer is away"}});
}

TEST_CASE("stats text: interfaces have their packets and bytes, workers their load", "[command]") {
    Gateway gateway;
    gateway.counters[0].interfaces = std::vector<stats::InterfaceCounters>(1);
    gateway.counters[0].interfaces[0].in.add({3, 200});
    gateway.counters[0].interfaces[0].out.add({1, 70});
    gateway.counters[1].load.turns.add(10);
    gateway.counters[1].load.add_busy(5'000'000);
    Subject subject = gateway.subject();
    subject.interfaces = [] { return std::vector<listing::InterfaceName>{{"lan", "inside", {}}}; };
    subject.cycles_per_second = 2'600'000'000;
    const std::string table = stats_table(subject, DropRows::NonZero);
    CHECK(has_row(table, "lan in packets", "3"));
    CHECK(has_row(table, "lan in bytes", "200"));
    CHECK(has_row(table, "lan out packets", "1"));
    CHECK(has_row(table, "lan out bytes", "70"));
    CHECK(has_row(table, "1 turns", "10"));
    CHECK(has_row(table, "1 turns with packets", "1"));
    CHECK(has_row(table, "1 busy ms", "5"));
    CHECK(has_row(table, "1 turn p99.9 us", "5242"));
    const auto json = nlohmann::json::parse(stats_json(subject));
    CHECK(json["cycles_per_second"] == 2'600'000'000);
    CHECK(json["interfaces"] ==
          nlohmann::json::array({{{"interface", "lan"},
                                  {"realm", "inside"},
                                  {"in", {{"packets", 3}, {"bytes", 200}}},
                                  {"out", {{"packets", 1}, {"bytes", 70}}}}}));
    CHECK(json["workers"][1]["busy_ns"] == 5'000'000);
    CHECK(json["workers"][1]["busy_turns"] == 1);
    CHECK(json["workers"][1]["turn_ns"] == nlohmann::json::array({{5'242'880, 1}}));
    CHECK(json["workers"][0]["turn_ns"] == nlohmann::json::array());
}

}  // namespace stats_text_test
