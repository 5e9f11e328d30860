// SPDX-License-Identifier: BSD-3-Clause
#include "command/top_lists.h"

#include "catch.h"
#include "served_gateway.h"
#include "testing/ipv6_hosts.h"

#include <nlohmann/json.hpp>

namespace top_lists_test {

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

TEST_CASE("top lists: with accounting hosts and addresses have packets and bytes", "[command]") {
    Gateway gateway;
    open_counted(gateway, {.source = "10.1.0.10", .source_port = 5000});
    std::vector<flow::Account> memory(1);
    std::vector<flow::FlowRecord> counted(memory.size());
    flow::Accounts accounts(counted, memory);
    accounts.add(flow::FlowRef(0, net::Direction::Original), {3, 300});
    accounts.add(flow::FlowRef(0, net::Direction::Reply), {7, 7000});
    flow::FlowRecord record{};
    record.tuple[0].source = *net::parse_address("10.1.0.99");
    record.tuple[1].destination = *net::parse_address("198.51.100.1");
    struct Quiet final : flow::Ending {
        void ended(uint32_t, flow::FlowRecord&) override {}
        void expect(uint32_t) override {}
    } quiet;
    auto totals = std::move(hosts::Totals::create({.hosts = 16}, quiet).value());
    totals->count_by(accounts);
    totals->ended(0, record);
    Subject subject = gateway.subject();
    subject.totals = totals.get();
    const std::string text = hosts_list(subject, {{"by", "bytes"}}, listing::Format::Text).value();
    CHECK(text.starts_with(
        "host                       flows   half_open       ports      blocks        rate     "
        "refused out_packets   out_bytes  in_packets    in_bytes\n"
        "10.1.0.99                      0           0           0           0           0        "
        "   0           3         300           7        7000\n"));
    const auto hosts = nlohmann::json::parse(
        hosts_list(subject, {{"by", "bytes"}}, listing::Format::Json).value());
    REQUIRE(hosts.size() == 2);
    CHECK(hosts[0]["in"]["bytes"] == 7000);
    CHECK(hosts[1]["out"]["packets"] == 0);
    const auto ports =
        nlohmann::json::parse(ports_list(subject, {}, listing::Format::Json).value());
    REQUIRE(ports.size() == 1);
    CHECK(ports[0]["address_out"]["bytes"] == 300);
    CHECK(ports[0]["address_in"]["packets"] == 7);
    CHECK(ports_list(subject, {}, listing::Format::Text).value().find("out_bytes") !=
          std::string::npos);
    subject.totals = nullptr;
    CHECK(hosts_list(subject, {{"by", "bytes"}}, listing::Format::Text).error().message ==
          "by=bytes wants a gateway with --accounting.");
}

TEST_CASE("top lists: what cannot be read is refused with a sentence", "[command]") {
    ServedGateway gateway;
    CHECK(get(gateway, "/v1/hosts?top=0", 400) == "top=0 is not a number from 1 to 10000.\n");
    CHECK(get(gateway, "/v1/hosts?by=luck", 400) ==
          "by=luck is neither flows, ports, rate nor bytes.\n");
    CHECK(get(gateway, "/v1/ports?by=flows", 400).starts_with("by is not known here"));
    CHECK(
        nlohmann::json::parse(get(gateway, "/v1/ports?top=x&format=json", 400)).contains("error"));
}

TEST_CASE("top lists: an IPv6 host has its own address", "[command][nat64]") {
    const test::Ipv6Hosts ipv6;
    Gateway gateway;
    const std::string number = net::to_string(ipv6.number("2001:db8:1::10"));
    open_counted(gateway, {.source = number, .source_port = 5000});
    Subject subject = gateway.subject();
    subject.naming = ipv6.naming;
    CHECK(hosts_list(subject, {}, listing::Format::Text)->find("\n2001:db8:1::10 ") !=
          std::string::npos);
    const auto json = nlohmann::json::parse(*hosts_list(subject, {}, listing::Format::Json));
    CHECK(json[0]["host"] == "2001:db8:1::10");
}

}  // namespace top_lists_test
