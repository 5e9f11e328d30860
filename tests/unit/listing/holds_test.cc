// SPDX-License-Identifier: BSD-3-Clause
#include "listing/holds.h"

#include "catch.h"
#include "nat/holders.h"
#include "sample_flows.h"

#include <algorithm>

namespace holds_test {

using namespace sluice;
using namespace sluice::listing;
using namespace sluice::listing::testing;
using net::Direction;
using net::Side;

namespace {

Be32 address(std::string_view text) {
    return *net::parse_address(text);
}

/// A table, and who asks it.
struct Table {
    std::unique_ptr<flow::FlowTable> flows = make_table(1000);

    void open_at(const Sample& sample, int seconds_ago) {
        flow::Member member(*flows);
        flows->record(open(*flows, member, sample)).opened = kNow + Duration::seconds(-seconds_ago);
    }
    /// A record of any kind, with these keys.
    void insert(const net::Tuple& original, const net::Tuple& reply, net::Sides sides = {}) {
        flow::Member member(*flows);
        uint32_t index = 0;
        while (member.take({&index, 1}) != 1)
            member.quiescent();
        flow::FlowRecord& record = flows->record(index);
        record.tuple = {original, reply};
        record.deadline = kNow + Duration::seconds(100);
        record.opened = kNow + Duration::seconds(-5);
        record.sides = sides;
        REQUIRE(member.insert(index, kNow).outcome == flow::InsertOutcome::Inserted);
    }
    void insert(const nat::HolderKeys& keys) { insert(keys.original, keys.reply); }

    std::vector<Hold> ask(std::string_view text, const Given& given = {}) const {
        const auto endpoint = PublicEndpoint::parse(text);
        REQUIRE(endpoint);
        return holds_of(*endpoint, given, *flows, kNow);
    }
};

net::Endpoint end(std::string_view text, uint16_t port, uint16_t zone = 0) {
    return {address(text), Be16::from_host(port), zone};
}

}  // namespace

TEST_CASE("holds: one that is older than ages are known says so", "[listing]") {
    constexpr int kDay = 24 * 3600;
    const int days = GENERATE(23, 24, 30, 40);
    CAPTURE(days);
    Table table;
    table.open_at({.source = "10.1.0.10", .source_port = 4000}, 0);
    table.flows->for_each_live(0, 1000, [&](uint32_t index, const flow::FlowRecord&) {
        table.flows->record(index).opened = Tick{kNow.milliseconds - uint32_t(days) * kDay * 1000U};
    });
    const auto holds = table.ask("198.51.100.1:4000/tcp");
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].age == std::chrono::hours(24 * std::min(days, 24)));
    CHECK(holds[0].is_older() == (days >= 24));
}

TEST_CASE("holds: what opens while the table is walked has no age", "[listing]") {
    Table table;
    table.open_at({.source = "10.1.0.10", .source_port = 4000}, -1);
    const auto holds = table.ask("198.51.100.1:4000/tcp");
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].age == std::chrono::seconds(0));
}

TEST_CASE("holds: hosts share a port toward different destinations", "[listing]") {
    Table table;
    table.open_at({.source = "10.1.0.10", .source_port = 4000}, 7);
    table.open_at({.source = "10.1.0.10", .destination = "203.0.113.11", .source_port = 4000}, 60);
    table.open_at({.source = "10.1.0.11", .destination = "203.0.113.12", .source_port = 4000}, 8);
    table.open_at({.source = "10.1.0.12", .source_port = 4001}, 9);
    table.open_at({.protocol = Protocol::Udp, .source = "10.1.0.13", .source_port = 4000}, 9);
    const auto holds = table.ask("198.51.100.1:4000/tcp");
    REQUIRE(holds.size() == 2);
    CHECK(holds[0].host == net::InsideAddress(address("10.1.0.10")));
    CHECK(holds[0].means == Means::Flow);
    CHECK(holds[0].flows == 2);
    CHECK(holds[0].age == std::chrono::seconds(60));
    CHECK(holds[0].first_port == 4000);
    CHECK(holds[1].host == net::InsideAddress(address("10.1.0.11")));
    CHECK(table.ask("198.51.100.1:4000").size() == 3);
    CHECK(table.ask("198.51.100.1").size() == 4);
    CHECK(table.ask("198.51.100.1:4002").empty());
    CHECK(table.ask("198.51.100.2:4000").empty());
    CHECK(table.ask("203.0.113.10:80").empty());
}

TEST_CASE("holds: an ICMP identifier is a port", "[listing]") {
    Table table;
    table.open_at({.protocol = Protocol::Icmp, .source_port = 77}, 1);
    CHECK(table.ask("198.51.100.1:77/icmp").size() == 1);
    CHECK(table.ask("198.51.100.1:78/icmp").empty());
}

TEST_CASE("holds: whoever was called from outside has the endpoint that was called", "[listing]") {
    Table table;
    const net::Tuple original{address("203.0.113.10"), address("198.51.100.1"),
                              Be16::from_host(50000), Be16::from_host(8080), Protocol::Tcp};
    net::Tuple reply{address("10.1.0.20"), address("203.0.113.10"), Be16::from_host(80),
                     Be16::from_host(50000), Protocol::Tcp};
    reply.zone = 3;
    table.insert(original, reply, {Side::Outside, Side::Inside});
    const auto holds = table.ask("198.51.100.1:8080");
    REQUIRE(holds.size() == 1);
    CHECK(holds[0].host == net::InsideAddress(address("10.1.0.20"), 3));
    CHECK(table.ask("203.0.113.10").empty());
}

TEST_CASE("holds: two inside hosts have one only where they meet by it", "[listing]") {
    Table table;
    const net::Tuple hairpin{address("10.1.0.10"), address("198.51.100.1"), Be16::from_host(4000),
                             Be16::from_host(8080), Protocol::Tcp};
    const net::Tuple answer{address("10.1.0.20"), address("198.51.100.1"), Be16::from_host(80),
                            Be16::from_host(4000), Protocol::Tcp};
    table.insert(hairpin, answer, {Side::Inside, Side::Inside});
    REQUIRE(table.ask("198.51.100.1:8080").size() == 1);
    CHECK(table.ask("198.51.100.1:8080")[0].host.address == address("10.1.0.20"));
    REQUIRE(table.ask("198.51.100.1:4000").size() == 1);
    CHECK(table.ask("198.51.100.1:4000")[0].host.address == address("10.1.0.10"));

    const net::Tuple routed{address("10.1.0.10"), address("10.2.0.20"), Be16::from_host(4000),
                            Be16::from_host(22), Protocol::Tcp};
    table.insert(routed, routed.reversed(), {Side::Inside, Side::Inside});
    CHECK(table.ask("10.1.0.10").empty());
    CHECK(table.ask("10.2.0.20").empty());
}

TEST_CASE("holds: mappings and blocks are told with the flows of their host", "[listing]") {
    Table table;
    table.insert(
        nat::mapping_keys(Protocol::Udp, end("10.1.0.10", 5000, 2), end("198.51.100.1", 2050)));
    table.insert(nat::block_keys({address("10.1.0.10"), 2}, 0, end("198.51.100.1", 2048)));
    const Given given{.block_ports = 64};
    auto holds = table.ask("198.51.100.1:2050/udp", given);
    REQUIRE(holds.size() == 2);
    CHECK(holds[0].means == Means::Mapping);
    CHECK(holds[0].host == net::InsideAddress(address("10.1.0.10"), 2));
    CHECK(holds[0].age == std::chrono::seconds(5));
    CHECK(holds[0].flows == 0);
    CHECK(holds[1].means == Means::Block);
    CHECK(holds[1].first_port == 2048);
    CHECK(holds[1].last_port == 2111);
    CHECK(table.ask("198.51.100.1:2050/tcp", given).size() == 1);
    CHECK(table.ask("198.51.100.1:2111/tcp", given).size() == 1);
    CHECK(table.ask("198.51.100.1:2112", given).empty());
    CHECK(table.ask("198.51.100.1:2047", given).empty());

    net::Tuple original{address("10.1.0.10"), address("203.0.113.10"), Be16::from_host(5000),
                        Be16::from_host(53), Protocol::Udp};
    net::Tuple reply = original.reversed();
    original.zone = 2;
    reply.destination = address("198.51.100.1");
    reply.destination_port = Be16::from_host(2050);
    table.insert(original, reply);
    holds = table.ask("198.51.100.1:2050/udp", given);
    REQUIRE(holds.size() == 3);
    for (const Hold& hold : holds)
        CHECK(hold.flows == 1);
}

TEST_CASE("holds: what is configured stands beside what is in use", "[listing]") {
    Table table;
    table.open_at({.source = "10.1.0.20", .source_port = 8080}, 3);
    const Hold forward{.means = Means::Forward,
                       .host = address("10.1.0.20"),
                       .protocol = Protocol::Tcp,
                       .first_port = 8080,
                       .last_port = 8089};
    const auto holds = table.ask("198.51.100.1:8080", {.holds = {forward}});
    REQUIRE(holds.size() == 2);
    CHECK(holds[1].means == Means::Forward);
    CHECK(holds[1].flows == 1);
    CHECK_FALSE(holds[1].age);
}

TEST_CASE("holds: who is past the deadline has nothing", "[listing]") {
    Table table;
    table.open_at({.seconds = 1}, 3);
    CHECK(holds_of(*PublicEndpoint::parse("198.51.100.1"), {}, *table.flows,
                   kNow + Duration::seconds(2))
              .empty());
}

}  // namespace holds_test
