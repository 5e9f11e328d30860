// SPDX-License-Identifier: BSD-3-Clause
#include "command/address_traffic.h"

#include "catch.h"
#include "command/metrics.h"
#include "served_gateway.h"

#include <nlohmann/json.hpp>

namespace address_traffic_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;
using namespace std::chrono_literals;

namespace {

/// A gateway whose totals a test makes.
struct Counted : Gateway {
    Counted() {
        told.totals = totals.get();
        told.address_traffic = [this] { return addresses.read(); };
        totals->count_by(accounts);
        accounts.add(flow::FlowRef(0, net::Direction::Original), {3, 300});
        accounts.add(flow::FlowRef(0, net::Direction::Reply), {7, 7000});
    }

    /// A flow of 3 packets out and 7 in ends.
    void end_by(const char* address) {
        flow::FlowRecord record{};
        record.tuple[0].source = *net::parse_address("10.1.0.10");
        record.tuple[1].destination = *net::parse_address(address);
        hosts->set_host(0, hosts::kNoHost);
        totals->ended(0, record);
        addresses.look(now += 1h);
    }

    std::unique_ptr<hosts::Totals> totals =
        std::move(hosts::Totals::create({.hosts = 16}, *hosts).value());
    std::vector<flow::Account> memory = std::vector<flow::Account>(1);
    std::vector<flow::FlowRecord> counted = std::vector<flow::FlowRecord>(memory.size());
    flow::Accounts accounts{counted, memory};
    Subject told = subject();
    AddressTraffic addresses{told};
    AddressTraffic::Clock::time_point now{1000h};
};

}  // namespace

TEST_CASE("address traffic: metrics have packets and bytes of each public address", "[command]") {
    Counted gateway;
    CHECK(metrics_text(gateway.told).find("\nsluice_address_packets_total{") == std::string::npos);
    gateway.end_by("198.51.100.2");
    gateway.end_by("198.51.100.1");
    gateway.end_by("198.51.100.2");
    const std::string metrics = metrics_text(gateway.told);
    const auto has = [&](const std::string& sample) {
        return metrics.find("\nsluice_address_" + sample + "\n") != std::string::npos;
    };
    CHECK(has(R"(packets_total{address="198.51.100.2",direction="out"} 6)"));
    CHECK(has(R"(packets_total{address="198.51.100.1",direction="in"} 7)"));
    CHECK(has(R"(bytes_total{address="198.51.100.2",direction="in"} 14000)"));
}

TEST_CASE("address traffic: those beyond the first hundred are told together", "[command]") {
    Counted gateway;
    for (int i = 103; i > 0; --i)
        gateway.end_by(("198.51.100." + std::to_string(i)).c_str());
    const auto told = gateway.addresses.read();
    REQUIRE(told.size() == AddressTraffic::kMostTold + 1);
    CHECK(told[0].name == "198.51.100.103");
    CHECK(told.back().name == "others");
    CHECK(told.back().traffic == hosts::SideTraffic{{9, 900}, {21, 21'000}});
    gateway.end_by("198.51.100.103");
    CHECK(gateway.addresses.read()[0].traffic.out.packets == 6);
}

TEST_CASE("address traffic: what was counted before it began is told by nobody twice",
          "[command]") {
    Counted gateway;
    gateway.end_by("198.51.100.2");
    AddressTraffic after(gateway.told);
    after.look(AddressTraffic::Clock::time_point(1h));
    REQUIRE(after.read().size() == 1);
    CHECK(after.read()[0].traffic == hosts::SideTraffic{});
    gateway.end_by("198.51.100.2");
    gateway.end_by("198.51.100.1");
    after.look(AddressTraffic::Clock::time_point(2h));
    const auto told = after.read();
    REQUIRE(told.size() == 2);
    CHECK(told[0].name == "198.51.100.2");
    CHECK(told[0].traffic == hosts::SideTraffic{{3, 300}, {7, 7000}});
    CHECK(told[1].traffic == hosts::SideTraffic{{3, 300}, {7, 7000}});
}

TEST_CASE("address traffic: without accounting nothing is told", "[command]") {
    Gateway gateway;
    const Subject subject = gateway.subject();
    AddressTraffic addresses(subject);
    addresses.look(AddressTraffic::Clock::time_point(1h));
    CHECK(addresses.read().empty());
}

}  // namespace address_traffic_test
