// SPDX-License-Identifier: BSD-3-Clause
#include "nat/own_flows.h"

#include "catch.h"
#include "fixed_policy.h"
#include "packet_builder.h"

#include <memory>
#include <set>
#include <vector>

namespace own_flows_test {

using namespace sluice;
using nat::Opening;
using sluice::test::ip;
using sluice::test::kAck;
using sluice::test::kRst;
using sluice::test::kSyn;
using stats::Drop;

namespace {

constexpr auto kHost = "10.1.0.10";
constexpr auto kServer = "203.0.113.10";
constexpr Tick kNow{1000};

std::unique_ptr<hosts::HostTable> host_table() {
    auto made = hosts::HostTable::create({.capacity = 4096, .flows = 4096});
    REQUIRE(made);
    return std::move(made).value();
}

std::unique_ptr<flow::FlowTable> table(uint32_t capacity, flow::Ending& ending) {
    flow::FlowTableParams params;
    params.capacity = capacity;
    params.ending = &ending;
    auto made = flow::FlowTable::create(params);
    REQUIRE(made);
    return std::move(made).value();
}

net::Tuple tuple(const char* source, uint16_t port, net::Protocol protocol = net::Protocol::Udp) {
    const auto server_port = Be16::from_host(net::has_ports(protocol) ? 80 : 0);
    return {ip(source), ip(kServer), Be16::from_host(port), server_port, protocol, {}};
}

/// Two workers' Nats over one table and a pool of two addresses.
struct Bench {
    explicit Bench(uint32_t capacity = 4096) : table_(table(capacity, *hosts)) {}

    nat::Request outward(const net::Tuple& original) const {
        return nat::Request::outward(original, policy.policy.rules.find(original));
    }
    Opening udp(const char* source, uint16_t port) {
        return nat.open(outward(tuple(source, port)), {net::Protocol::Udp, 0, 0}, kNow);
    }
    Opening tcp(uint16_t port, uint8_t flags) {
        return nat.open(outward(tuple(kHost, port, net::Protocol::Tcp)),
                        {net::Protocol::Tcp, flags, 0}, kNow);
    }
    const net::Tuple& reply(const Opening& opening) {
        return table_->record(opening.flow).key(net::Direction::Reply);
    }

    std::unique_ptr<hosts::HostTable> hosts = host_table();
    std::unique_ptr<flow::FlowTable> table_;
    nat::RuleParams served{.inside = {ip("10.0.0.0"), 8},
                           .addresses = {{ip("198.51.100.1"), ip("198.51.100.2")}}};
    test::FixedPolicy policy{{&served, 1}};
    const pool::AddressPool& pool = *policy.policy.rules.pools()[0];
    pool::Exhaustion exhaustion{2};
    nat::KeptEndpoints kept =
        std::move(nat::KeptEndpoints::create({.flows = table_->capacity()}).value());
    pool::Draws draws{{1, 2, 3, 4}};
    nat::OwnFlowsParams params{*table_, policy.current, kept, draws, exhaustion, nullptr, *hosts};
    flow::Member member{*table_}, other_member{*table_};
    stats::Counters counters, other_counters;
    nat::OwnFlows nat{params, member, counters, 0};
    nat::OwnFlows other{params, other_member, other_counters, 1};
};

}  // namespace

TEST_CASE("nat: a flow takes its own port when it is free", "[nat]") {
    Bench bench;
    const Opening opening = bench.udp(kHost, 5000);
    REQUIRE(opening.outcome == Opening::Outcome::Opened);
    CHECK(bench.reply(opening).destination_port.host() == 5000);
    CHECK(bench.reply(opening).source == ip(kServer));
    CHECK(bench.counters.count[stats::Count::PortChanged].read() == 0);
}

TEST_CASE("nat: what is known of a flow's keys ahead changes nothing of it", "[nat]") {
    const bool is_right = GENERATE(true, false);
    Bench bench;
    const net::Tuple original = tuple(kHost, 5000);
    nat::Request request = bench.outward(original);
    nat::Ahead ahead;
    bench.nat.expect_host(original, ahead);
    ahead.original = bench.table_->hasher()(original);
    ahead.reply = bench.nat.first_guess(original, *request.rule);
    ahead.reply.source_port = is_right ? ahead.reply.source_port : Be16::from_host(81);
    ahead.reply_hash = bench.table_->hasher()(ahead.reply);
    request.ahead = &ahead;
    const Opening opening = bench.nat.open(request, {net::Protocol::Udp, 0, 0}, kNow);
    REQUIRE(opening.outcome == Opening::Outcome::Opened);
    const net::Tuple reply = bench.reply(opening);
    CHECK((reply == ahead.reply) == is_right);
    CHECK(bench.table_->find(original, kNow) == opening.flow);
    CHECK(bench.table_->find(reply, kNow).index() == opening.flow.index());
    CHECK(opening.hashes[0] == bench.table_->hasher()(original));
    CHECK(opening.hashes[1] == bench.table_->hasher()(reply));
}

TEST_CASE("nat: every flow to one server has its own reply tuple", "[nat]") {
    Bench bench;
    std::set<std::pair<uint32_t, uint16_t>> taken;
    for (int host = 2; host < 202; ++host) {
        const Opening opening = bench.udp(("10.1.0." + std::to_string(host)).c_str(), 5000);
        REQUIRE(opening.outcome == Opening::Outcome::Opened);
        const net::Tuple& reply = bench.reply(opening);
        CHECK(bench.pool.contains(reply.destination));
        CHECK(reply.destination_port.host() >= 1024);
        CHECK(taken.emplace(reply.destination.raw, reply.destination_port.raw).second);
    }
}

TEST_CASE("nat: a privileged port is replaced by a privileged one", "[nat][rfc4787]") {
    Bench bench;
    for (int host = 2; host < 30; ++host) {
        const Opening opening = bench.udp(("10.1.0." + std::to_string(host)).c_str(), 500);
        REQUIRE(opening.outcome == Opening::Outcome::Opened);
        CHECK(bench.reply(opening).destination_port.host() < 512);
    }
}

TEST_CASE("nat: a flow that exists already is named, not opened twice", "[nat]") {
    Bench bench;
    const Opening first = bench.udp(kHost, 5000);
    const Opening again = bench.udp(kHost, 5000);
    CHECK(again.outcome == Opening::Outcome::Existed);
    CHECK(again.flow == first.flow);
    const Opening elsewhere =
        bench.other.open(bench.outward(tuple(kHost, 5000)), {net::Protocol::Udp, 0, 0}, kNow);
    CHECK(elsewhere.outcome == Opening::Outcome::Existed);
    CHECK(bench.table_->record(elsewhere.flow).owner == 0);
    CHECK(bench.table_->size() == 1);
}

TEST_CASE("nat: a refused first packet leaves no flow", "[nat][tcp]") {
    Bench bench;
    const Opening opening = bench.tcp(40000, kRst);
    CHECK(opening.outcome == Opening::Outcome::Refused);
    CHECK(opening.reason == Drop::InvalidUntrackedRst);
    CHECK(bench.table_->size() == 0);
}

TEST_CASE("nat: a table that is full says so", "[nat]") {
    Bench bench(4);
    for (uint16_t port = 1; port <= 4; ++port)
        REQUIRE(bench.udp(kHost, port).outcome == Opening::Outcome::Opened);
    const Opening opening = bench.udp(kHost, 5);
    CHECK(opening.outcome == Opening::Outcome::Refused);
    CHECK(opening.reason == Drop::TableFull);
}

TEST_CASE("nat: when every port of the range is taken the search ends, in bounds", "[nat]") {
    Bench bench;
    unsigned opened = 0, refused = 0;
    for (int host = 0; host < 2000; ++host) {
        const std::string source =
            "10.1." + std::to_string(host / 200) + "." + std::to_string(2 + host % 200);
        const uint64_t before = bench.counters.count[stats::Count::PortProbes].read();
        const Opening opening = bench.udp(source.c_str(), 500);
        CHECK(bench.counters.count[stats::Count::PortProbes].read() - before <= nat::kMaxProbes);
        if (opening.outcome == Opening::Outcome::Opened)
            ++opened;
        else if (opening.reason == Drop::PortsExhausted || opening.reason == Drop::PortsUnsearched)
            ++refused;
    }
    CHECK(bench.table_->size() <= 2 * 511);
    CHECK(bench.table_->size() >= 2 * 480);
    CHECK(opened + refused == 2000);
    // Whom nobody has answered gives way to the next.
    CHECK(bench.counters.count[stats::Count::EarlyDropped].read() == opened - bench.table_->size());
    CHECK(refused == 0);
}

TEST_CASE("nat: without ports each address serves one host per destination", "[nat]") {
    Bench bench;
    const auto esp = [&](const char* source, net::Protocol protocol = net::Protocol{50}) {
        return bench.nat.open(bench.outward(tuple(source, 0, protocol)), {protocol, 0, 0}, kNow);
    };
    const Opening first = esp("10.1.0.2");
    const Opening second = esp("10.1.0.3");
    REQUIRE(first.outcome == Opening::Outcome::Opened);
    REQUIRE(second.outcome == Opening::Outcome::Opened);
    CHECK(bench.reply(first).destination != bench.reply(second).destination);
    CHECK(bench.reply(first).destination_port == Be16{});
    const Opening third = esp("10.1.0.4");
    CHECK(third.outcome == Opening::Outcome::Refused);
    CHECK(third.reason == Drop::AddressesExhausted);
    CHECK(esp("10.1.0.4", net::Protocol::Gre).outcome == Opening::Outcome::Opened);
}

TEST_CASE("nat: prepared records that no flow needs go back", "[nat]") {
    Bench bench(8);
    bench.nat.prepare(8);
    CHECK(
        bench.other.open(bench.outward(tuple(kHost, 1)), {net::Protocol::Udp, 0, 0}, kNow).reason ==
        Drop::TableFull);
    bench.nat.finish();
    CHECK(bench.other.open(bench.outward(tuple(kHost, 1)), {net::Protocol::Udp, 0, 0}, kNow)
              .outcome == Opening::Outcome::Opened);
}

TEST_CASE("nat: tracking moves the deadline and the state", "[nat][tcp]") {
    Bench bench;
    const Opening opening = bench.tcp(40000, kSyn);
    flow::FlowRecord& record = bench.table_->record(opening.flow);
    CHECK(record.deadline.load() == kNow + Duration::seconds(120));

    const flow::FlowRef reply{opening.flow.index(), net::Direction::Reply};
    const Tick later = kNow + Duration{700};
    CHECK(bench.nat.track(reply, {net::Protocol::Tcp, kSyn | kAck, 0}, later).action ==
          conntrack::Action::Pass);
    CHECK(record.state.load() == static_cast<uint8_t>(conntrack::TcpState::SynRecv));
    CHECK(record.deadline.load() == later + Duration::seconds(60));
    CHECK((record.status.load() & conntrack::kSeenReply) != 0);
}

TEST_CASE("nat: a RST before any reply ends the flow with the packet", "[nat][tcp]") {
    Bench bench;
    const Opening opening = bench.tcp(40000, kSyn);
    CHECK(bench.nat.track(opening.flow, {net::Protocol::Tcp, kRst, 0}, kNow).action ==
          conntrack::Action::Delete);
    CHECK(bench.table_->size() == 0);
    CHECK(bench.counters.count[stats::Count::FlowsClosed].read() == 1);
}

}  // namespace own_flows_test
