// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/totals.h"

#include "catch.h"
#include "packet_builder.h"

#include <vector>

namespace totals_test {

using namespace sluice;
using namespace sluice::hosts;
using net::Protocol;
using net::Side;
using sluice::test::ip;

namespace {

constexpr net::Sides kInward{Side::Outside, Side::Inside};
constexpr net::Sides kHairpin{Side::Inside, Side::Inside};
constexpr flow::BothTraffic kTraffic{{{3, 300}, {7, 7000}}};

net::Tuple tuple(const char* source, const char* destination, uint16_t zone = 0) {
    return {.source = ip(source),
            .destination = ip(destination),
            .source_port = Be16::from_host(1000),
            .destination_port = Be16::from_host(80),
            .protocol = Protocol::Tcp,
            .zone = zone};
}

struct Next final : flow::Ending {
    std::vector<uint32_t> told;

    void ended(uint32_t index, flow::FlowRecord&) override { told.push_back(index); }
    void expect(uint32_t index) override { told.push_back(index + 100); }
};

/// Totals of flows of which each has one account.
struct Bench {
    Next next;
    std::vector<flow::Account> memory = std::vector<flow::Account>(4);
    std::vector<flow::FlowRecord> counted = std::vector<flow::FlowRecord>(4);
    flow::Accounts accounts{counted, memory};
    std::unique_ptr<Totals> totals =
        std::move(Totals::create({.hosts = 16, .secret = 7}, next).value());

    Bench() {
        totals->count_by(accounts);
        for (uint32_t index = 0; index < memory.size(); ++index)
            for (const net::Direction direction : {net::Direction::Original, net::Direction::Reply})
                accounts.add(flow::FlowRef(index, direction), kTraffic[sluice::index(direction)]);
    }
    void end(uint32_t index, net::Tuple original, net::Tuple reply, net::Sides sides = {}) {
        flow::FlowRecord record{};
        record.tuple = {original, reply};
        record.sides = {sides};
        totals->ended(index, record);
    }
};

}  // namespace

TEST_CASE("totals: a flow that ends is its host's and its public address's", "[hosts]") {
    Bench bench;
    bench.end(1, tuple("10.1.0.10", "203.0.113.10", 5), tuple("203.0.113.10", "198.51.100.1"));
    bench.end(2, tuple("10.1.0.10", "203.0.113.11", 5), tuple("203.0.113.11", "198.51.100.1"));
    const auto hosts = bench.totals->hosts().read();
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].key == net::InsideAddress(ip("10.1.0.10"), 5).bits());
    CHECK(hosts[0].traffic == SideTraffic{{6, 600}, {14, 14'000}});
    const auto addresses = bench.totals->addresses().read();
    REQUIRE(addresses.size() == 1);
    CHECK(addresses[0].key == ip("198.51.100.1").raw);
    CHECK(addresses[0].traffic == SideTraffic{{6, 600}, {14, 14'000}});
    CHECK(bench.next.told == std::vector<uint32_t>{1, 2});
    bench.totals->expect(3);
    CHECK(bench.next.told.back() == 103);
}

TEST_CASE("totals: of a flow from outside the answers are what comes out", "[hosts]") {
    Bench bench;
    bench.end(0, tuple("203.0.113.10", "198.51.100.1"), tuple("10.1.0.10", "203.0.113.10"),
              kInward);
    CHECK(bench.totals->hosts().read().at(0).key == ip("10.1.0.10").raw);
    CHECK(bench.totals->hosts().read().at(0).traffic == SideTraffic{{7, 7000}, {3, 300}});
    CHECK(bench.totals->addresses().read().at(0).key == ip("198.51.100.1").raw);
}

TEST_CASE("totals: a flow between two hosts is the one's that opened it", "[hosts]") {
    Bench bench;
    bench.end(0, tuple("10.1.0.10", "198.51.100.1"), tuple("10.1.0.20", "198.51.100.2"), kHairpin);
    const auto hosts = bench.totals->hosts().read();
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].key == ip("10.1.0.10").raw);
    CHECK(hosts[0].traffic == SideTraffic{{3, 300}, {7, 7000}});
    CHECK(bench.totals->addresses().read().at(0).key == ip("198.51.100.2").raw);
}

TEST_CASE("totals: without NAT there is no public address, and holders are no flows", "[hosts]") {
    Bench bench;
    bench.end(0, tuple("10.1.0.10", "203.0.113.10"), tuple("203.0.113.10", "10.1.0.10"));
    bench.end(1, tuple("203.0.113.10", "10.1.0.10"), tuple("10.1.0.10", "203.0.113.10"), kInward);
    CHECK(bench.totals->addresses().read().empty());
    CHECK(bench.totals->hosts().read().at(0).traffic == SideTraffic{{10, 7300}, {10, 7300}});
    net::Tuple mapping = tuple("10.1.0.11", "0.0.0.0");
    mapping.kind = static_cast<uint8_t>(flow::Kind::Mapping);
    bench.end(2, mapping, mapping);
    CHECK(bench.totals->hosts().read().size() == 1);
    CHECK(bench.next.told.size() == 3);
}

}  // namespace totals_test
