// SPDX-License-Identifier: BSD-3-Clause
#include "listing/top_hosts.h"

#include "catch.h"
#include "listing/port_pressure.h"
#include "sample_flows.h"

#include <memory>
#include <string>

namespace top_hosts_test {

using namespace sluice;
using namespace sluice::listing;
using namespace sluice::listing::testing;

namespace {

/// A flow table whose flows are in the account of their hosts.
struct Tables {
    explicit Tables(uint32_t capacity) : flows(make(capacity, *hosts)) {}

    static std::unique_ptr<flow::FlowTable> make(uint32_t capacity, flow::Ending& ending) {
        auto table =
            flow::FlowTable::create({.capacity = capacity, .max_members = 16, .ending = &ending});
        REQUIRE(table);
        return std::move(table).value();
    }
    void open_flow(const Sample& sample) {
        const auto admitted = hosts->admit(original(sample).source, {}, kNow);
        flow::Member member(*flows);
        hosts->set_host(open(*flows, member, sample), admitted.host);
    }
    std::vector<TopHost> top(HostOrder order, size_t count) {
        return top_hosts(*hosts, *flows, {order, count}, kNow);
    }

    std::unique_ptr<hosts::HostTable> hosts =
        std::move(hosts::HostTable::create({.capacity = 512, .flows = 100'000}).value());
    std::unique_ptr<flow::FlowTable> flows;
};

std::string host(unsigned n) {
    return "10.1." + std::to_string(n / 250) + '.' + std::to_string(1 + n % 250);
}

}  // namespace

TEST_CASE("top hosts: most flows first, of equals the lower address", "[listing]") {
    Tables tables(1000);
    for (unsigned n = 0; n < 5; ++n)
        for (unsigned flow = 0; flow <= n % 3; ++flow)
            tables.open_flow(
                {.source = host(n), .source_port = static_cast<uint16_t>(n * 100 + flow)});
    const auto top = tables.top(HostOrder::Flows, 3);
    REQUIRE(top.size() == 3);
    CHECK(net::to_string(top[0].host.address) == host(2));
    CHECK(top[0].host.flows == 3);
    CHECK(top[0].ports == 3);
    CHECK(net::to_string(top[1].host.address) == host(1));
    CHECK(net::to_string(top[2].host.address) == host(4));
    CHECK(tables.top(HostOrder::Flows, 100).size() == 5);
}

TEST_CASE("top hosts: one port toward many servers is one port", "[listing]") {
    Tables tables(1000);
    for (uint16_t server = 1; server <= 9; ++server)
        tables.open_flow({.source = "10.1.0.10", .destination_port = server});
    tables.open_flow({.protocol = Protocol::Udp, .source = "10.1.0.10"});
    for (uint16_t port = 1; port <= 4; ++port)
        tables.open_flow({.source = "10.1.0.11", .source_port = port});
    const auto top = tables.top(HostOrder::Ports, 2);
    REQUIRE(top.size() == 2);
    CHECK(net::to_string(top[0].host.address) == "10.1.0.11");
    CHECK(top[0].ports == 4);
    CHECK(top[1].host.flows == 10);
    CHECK(top[1].ports == 2);
}

TEST_CASE("top hosts: by ports a host with many of them is found behind many with more flows",
          "[listing]") {
    Tables tables(4000);
    for (unsigned n = 0; n < 300; ++n)
        for (uint16_t server = 1; server <= 10; ++server)
            tables.open_flow({.source = host(n),
                              .source_port = static_cast<uint16_t>(3000 + n),
                              .destination_port = server});
    for (uint16_t port = 1; port <= 7; ++port)
        tables.open_flow({.source = "10.9.0.1", .source_port = port});
    const auto top = tables.top(HostOrder::Ports, 1);
    REQUIRE(top.size() == 1);
    CHECK(net::to_string(top[0].host.address) == "10.9.0.1");
    CHECK(top[0].ports == 7);
}

TEST_CASE("top hosts: by rate, of the last whole second", "[listing]") {
    Tables tables(100);
    for (uint16_t port = 1; port <= 4; ++port)
        tables.open_flow({.source = "10.1.0.10", .source_port = port});
    tables.open_flow({.source = "10.1.0.11", .source_port = 9});
    const auto top =
        top_hosts(*tables.hosts, *tables.flows, {HostOrder::Rate, 1}, kNow + Duration::seconds(1));
    REQUIRE(top.size() == 1);
    CHECK(top[0].host.rate == 4);
    CHECK(tables.top(HostOrder::Rate, 1)[0].host.rate == 0);
}

TEST_CASE("top hosts: by bytes there are hosts whose flows have all ended", "[listing]") {
    Tables tables(100);
    auto totals = std::move(hosts::Totals::create({.hosts = 16}, *tables.hosts).value());
    std::vector<flow::FlowRecord> counted(2);
    std::vector<flow::Account> memory(2);
    flow::Accounts accounts(counted, memory);
    accounts.add(flow::FlowRef(0, net::Direction::Original), {5, 500});
    accounts.add(flow::FlowRef(1, net::Direction::Reply), {9, 9000});
    totals->count_by(accounts);
    for (const uint32_t index : {0u, 1u}) {
        flow::FlowRecord record{};
        record.tuple[0].source = *net::parse_address(host(index));
        tables.hosts->set_host(index, hosts::kNoHost);
        totals->ended(index, record);
    }
    tables.open_flow({.source = host(0), .source_port = 7});
    const TrafficTotals all(*totals, *tables.flows, SumsOf::Hosts);
    const auto by = [&](HostOrder order) {
        return top_hosts(*tables.hosts, *tables.flows, {order, 10, &all}, kNow);
    };
    REQUIRE(by(HostOrder::Bytes).size() == 2);
    const TopHost first = by(HostOrder::Bytes)[0];
    CHECK(net::to_string(first.host.address) == host(1));
    CHECK(first.host.flows == 0);
    CHECK(first.ports == 0);
    CHECK(first.traffic == hosts::SideTraffic{{}, {9, 9000}});
    CHECK(by(HostOrder::Bytes)[1].host.flows == 1);
    REQUIRE(by(HostOrder::Flows).size() == 1);
    CHECK(by(HostOrder::Flows)[0].traffic == hosts::SideTraffic{{5, 500}, {}});
}

TEST_CASE("port pressure: ports are counted for each address, protocol and destination",
          "[listing]") {
    Tables tables(1000);
    for (uint16_t port = 2000; port < 2030; ++port) {
        tables.open_flow({.source_port = port, .destination_port = 443});
        tables.open_flow({.protocol = Protocol::Udp, .source_port = port, .destination_port = 53});
    }
    for (uint16_t port = 2000; port < 2010; ++port)
        tables.open_flow(
            {.destination = "203.0.113.99", .source_port = port, .destination_port = 443});
    tables.open_flow({.source_port = 700, .destination_port = 443});  // no user port
    const auto list = port_pressure(*tables.flows, 10, kNow);
    REQUIRE(list.size() == 3);
    CHECK(list[0].used == 30);
    CHECK(list[1].used == 30);
    CHECK(list[0].protocol == Protocol::Udp);  // of equals the lower port
    CHECK(list[0].destination_port.host() == 53);
    CHECK(list[1].destination_port.host() == 443);
    CHECK(net::to_string(list[0].address) == "198.51.100.1");
    CHECK(net::to_string(list[2].destination) == "203.0.113.99");
    CHECK(list[2].used == 10);
    CHECK(port_pressure(*tables.flows, 1, kNow).size() == 1);
}

TEST_CASE("port pressure: the most used stand first among very many destinations", "[listing]") {
    Tables tables(100'000);
    flow::Member member(*tables.flows);
    for (uint32_t n = 0; n < 90'000; ++n) {
        const std::string server = net::to_string(Be32::from_host(0x0b000000 + n));
        open(*tables.flows, member,
             {.destination = server, .source_port = static_cast<uint16_t>(1024 + n % 60'000)});
    }
    for (uint16_t port = 5000; port < 5200; ++port)
        open(*tables.flows, member, {.source_port = port});
    const auto list = port_pressure(*tables.flows, 1, kNow);
    REQUIRE(list.size() == 1);
    CHECK(list[0].used == 200);
}

TEST_CASE("top hosts: a host has its blocks of ports beside it, of flows a record is none",
          "[listing][blocks]") {
    Tables tables(1000);
    tables.open_flow({.source = host(1), .source_port = 1});
    tables.open_flow({.source = host(2), .source_port = 2});
    flow::Member member(*tables.flows);
    const Be32 holder = original({.source = host(1)}).source;
    for (uint8_t ordinal = 0; ordinal < 3; ++ordinal) {
        uint32_t index = 0;
        REQUIRE(member.take({&index, 1}) == 1);
        flow::FlowRecord& record = tables.flows->record(index);
        const auto kind = static_cast<uint8_t>(flow::Kind::Block);
        const Be16 number = Be16::from_host(ordinal);
        record.tuple = {net::Tuple{holder, {}, number, {}, {}, kind},
                        net::Tuple{{}, holder, {}, number, {}, kind}};
        record.deadline.store(kNow + Duration::seconds(1));
        REQUIRE(member.insert(index, kNow).outcome == flow::InsertOutcome::Inserted);
    }
    const auto top = tables.top(HostOrder::Flows, 2);
    REQUIRE(top.size() == 2);
    CHECK(top[0].blocks == 3);
    CHECK(top[0].host.flows == 1);
    CHECK(top[1].blocks == 0);
}

}  // namespace top_hosts_test
