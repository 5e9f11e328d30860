// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// --state: another gateway goes on with the records that one has left, and with nothing that is
/// wrong among them.

#include "before_and_after.h"
#include "catch.h"
#include "nat/holders.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace restart_test {

using namespace sluice;
using namespace sluice::test;
using flow::FlowRecord;
using flow::Kind;
using flow::Life;
using nat::Filtering;
using net::Direction;
using net::Protocol;
using net::Side;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kPeer = "10.1.0.11";
constexpr auto kOther = "203.0.113.99";

Restarts<> restarts(TestbedOptions options = {}) {
    options.start = Tick{0xa0000000};  // more than a tick can tell from 0
    return Restarts<>(
        [](TestbedOptions each, const auto&) { return std::make_unique<Testbed>(std::move(each)); },
        std::move(options));
}

/// The records of a kind that are live.
std::vector<FlowRecord*> live(Estate& estate, Kind kind = Kind::Flow) {
    std::vector<FlowRecord*> found;
    for (FlowRecord& record : estate.records())
        if (record.life.load().life() == Life::Live && record.kind() == kind)
            found.push_back(&record);
    return found;
}

void set_life(FlowRecord& record, Life life) {
    record.life.store(record.life.load().with(life));
}

TestbedOptions mapped(Filtering filtering, uint16_t block_size = 0) {
    return {.configure = [=](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {
            {.inside = {ip("10.1.0.0"), 24},
             .addresses = {{ip(kPublic), ip(kPublic)}},
             .independence = nat::Independence{{{Protocol::Tcp}, {Protocol::Udp}, {Protocol::Icmp}},
                                               pool::kAllPorts,
                                               filtering}}};
        config.holders.blocks = {block_size, 2};
    }};
}

}  // namespace

TEST_CASE("restart: flows go on in both directions, with what their trackers know", "[restart]") {
    auto life = restarts();
    const uint16_t own = send(life.bed(), kHost, 5000);
    const uint16_t changed = send(life.bed(), kPeer, 5000);
    REQUIRE(own != changed);
    connect(life.bed(), 6000);
    REQUIRE(life.bed().from_inside(Frame().ipv4(kHost, kServer).echo_request(7)).size() == 1);

    Testbed& bed = life.restart(Duration::seconds(5));
    CHECK(bed.flows() == 4);
    CHECK(bed.count(Count::FlowsAdopted) == 4);
    CHECK(answers(bed, own, kHost, 5000));
    CHECK(answers(bed, changed, kPeer, 5000));
    CHECK(send(bed, kPeer, 5000) == changed);
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).echo_reply(7)).size() == 1);
    const Frame data = Frame().ipv4(kServer, kPublic).tcp(80, 6000, kAck).ack(100).payload(8);
    CHECK(bed.from_outside(Frame(data).seq(500)).size() == 1);
    CHECK(bed.from_outside(Frame(data).seq(500'000'000)).empty());  // windows are as they were
    CHECK(bed.count(Count::FlowsOpened) == 0);
}

TEST_CASE("restart: what timeouts were left is left, and no more", "[restart]") {
    auto life = restarts();
    send(life.bed(), kHost, 5000);  // 30 s
    connect(life.bed(), 6000);
    SECTION("a flow whose time has passed meanwhile is gone") {
        Testbed& bed = life.restart(Duration::seconds(31));
        CHECK(bed.flows() == 1);
        CHECK(bed.count(Count::StateExpired) == 1);
    }
    SECTION("one that has a second left has it") {
        Testbed& bed = life.restart(Duration::seconds(29));
        CHECK(bed.flows() == 2);
        bed.advance(Duration::seconds(5));
        CHECK(bed.flows() == 1);
        CHECK(bed.count(Count::FlowsExpired) == 1);
    }
}

TEST_CASE("restart: a host has as many flows as before, and as many half-open", "[restart]") {
    auto life =
        restarts({.configure = [](config::Config& config) { config.host_limits.flows = 3; }});
    connect(life.bed(), 6000);
    send(life.bed(), kHost, 5000);
    Testbed& bed = life.restart();
    const hosts::HostTable& table = bed.gateway().hosts();
    std::vector<hosts::Host> hosts;
    table.for_each(0, table.capacity(), bed.now(),
                   [&](const hosts::Host& host) { hosts.push_back(host); });
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].flows == 2);
    CHECK(hosts[0].half_open == 1);
    send(bed, kHost, 5001);
    CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5002, 53)).empty());
    CHECK(bed.dropped(Drop::HostFlows) == 1);
    bed.advance(Duration::seconds(40));  // the counts come down again
    send(bed, kHost, 5003);
}

TEST_CASE("restart: a mapping lives on for as long as flows hang on it", "[restart]") {
    auto life = restarts(mapped(Filtering::AddressDependent));
    const auto out =
        life.bed().from_inside(Frame().ipv4(kHost, kServer).tcp(6000, 80, kSyn).seq(99));
    REQUIRE(out.size() == 1);
    REQUIRE(life.bed()
                .from_outside(Frame()
                                  .ipv4(kServer, kPublic)
                                  .tcp(80, out[0].source_port, kSyn | kAck)
                                  .seq(499)
                                  .ack(100))
                .size() == 1);
    REQUIRE(life.bed()
                .from_inside(Frame().ipv4(kHost, kServer).tcp(6000, 80, kAck).seq(100).ack(500))
                .size() == 1);
    send(life.bed(), kPeer, 5000);  // its mapping ends meanwhile, with its flow

    // Longer than --mapping-timeout and --port-hold together, shorter than an established flow.
    Testbed& bed = life.restart(Duration::seconds(1000));
    CHECK(bed.flows() == 3);  // with the mapping and the contact that it hangs on
    CHECK(bed.count(Count::FlowsAdopted) == 1);
    CHECK(bed.count(Count::HoldersAdopted) == 2);
    CHECK(bed.count(Count::StateExpired) == 3);
    bed.advance(Duration::seconds(90));
    CHECK(bed.flows() == 3);
    const auto again = bed.from_inside(Frame().ipv4(kHost, kOther).udp(7000, 53));
    REQUIRE(again.size() == 1);
    // Whom it talked to may still open to it, and nobody else.
    const uint16_t external = out[0].source_port;
    CHECK(bed.from_outside(Frame().ipv4(kServer, kPublic).tcp(81, external, kSyn)).size() == 1);
    CHECK(bed.from_outside(Frame().ipv4("203.0.113.7", kPublic).tcp(81, external, kSyn)).empty());
    CHECK(bed.dropped(Drop::Filtered) == 1);
}

TEST_CASE("restart: blocks of ports go on, and are told of once", "[restart]") {
    auto life = restarts(mapped(Filtering::EndpointDependent, 64));
    const uint16_t external = send(life.bed(), kHost, 5000);
    life.bed().advance(Duration::seconds(3));
    REQUIRE(std::count_if(life.bed().notices.begin(), life.bed().notices.end(), [](const auto& n) {
                return n.find(" has 198.") != std::string::npos;
            }) == 1);
    Testbed& bed = life.restart();
    CHECK(bed.count(Count::HoldersAdopted) == 2);  // with a mapping
    CHECK(answers(bed, external, kHost, 5000));
    // A neighbour is given none of its ports.
    CHECK(send(bed, kPeer, external) / 64 != external / 64);
    bed.advance(Duration::seconds(900));
    CHECK(bed.flows() == 0);
    const auto told = [&](const char* word) {
        return std::count_if(bed.notices.begin(), bed.notices.end(), [&](const std::string& n) {
            return n.starts_with(kHost) && n.find(word) != std::string::npos;
        });
    };
    CHECK(told(" has 198.") == 0);
    CHECK(told(" had 198.") == 1);
}

TEST_CASE("restart: blocks that nobody has answered are given to others, and no other",
          "[restart]") {
    auto life = restarts({.configure = [](config::Config& config) {
        config.inside.clear();
        config.pool.clear();
        config.snat = {{.inside = {ip("10.1.0.0"), 24},
                        .addresses = {{ip(kPublic), ip(kPublic)}},
                        .ports = {1024, 1024 + 2 * 64 - 1}}};
        config.holders.blocks = {64, 1};
    }});
    const uint16_t answered = send(life.bed(), kHost, 5000);
    CHECK(answers(life.bed(), answered, kHost, 5000));
    send(life.bed(), kPeer, 5000);
    // It ended before the answer was told to the block.
    Testbed& bed = life.restart({}, [](Estate& estate) {
        for (FlowRecord* block : live(estate, Kind::Block))
            block->state.fetch_and(static_cast<uint8_t>(~nat::kProven));
    });
    CHECK(bed.from_inside(Frame().ipv4("10.1.0.12", kServer).udp(5000, 53)).empty());
    CHECK(bed.dropped(Drop::BlocksExhausted) == 1);
    bed.advance(Duration::seconds(10));
    CHECK(send(bed, "10.1.0.12", 5000) / 64 != answered / 64);
    CHECK(send(bed, kHost, 5000) == answered);
}

TEST_CASE("restart: a flow between two inside hosts holds on to both", "[restart]") {
    auto life = restarts(mapped(Filtering::EndpointIndependent));
    const uint16_t target = send(life.bed(), kPeer, 5000);
    const auto hairpin = [&](Testbed& bed) {
        bed.inject(Side::Inside, Frame()
                                     .ether(mac_of(ip(kHost)), bed.port(Side::Inside).mac())
                                     .ipv4(kHost, kPublic)
                                     .udp(4000, target)
                                     .bytes());
        bed.run();
        return bed.take(Side::Inside);
    };
    REQUIRE(hairpin(life.bed()).size() == 1);
    const auto flows = live(life.estate());
    REQUIRE(flows.size() == 2);
    CHECK(std::count_if(flows.begin(), flows.end(), [](const FlowRecord* record) {
              return record->holder.see().has_second();
          }) == 1);
    Testbed& bed = life.restart();
    CHECK(bed.count(Count::FlowsAdopted) == 2);
    CHECK(bed.count(Count::HoldersAdopted) == 2);
    const auto in = hairpin(bed);
    REQUIRE(in.size() == 1);
    CHECK(in[0].destination == kPeer);
    CHECK(in[0].source == kPublic);
    CHECK(bed.count(Count::FlowsOpened) == 0);
    bed.advance(Duration::seconds(1000));
    CHECK(bed.flows() == 0);
}

TEST_CASE("restart: other numbers of workers and flows take over what has room", "[restart]") {
    auto life = restarts({.workers = 2, .flows = 64});
    std::vector<uint16_t> ports;
    for (uint16_t port = 5000; port < 5040; ++port)
        ports.push_back(send(life.bed(), kHost, port));
    SECTION("fewer workers, or more flows") {
        if (GENERATE(true, false))
            life.options().workers = 1;
        else
            life.options().flows = 1024;
        Testbed& bed = life.restart();
        CHECK(bed.count(Count::FlowsAdopted) == 40);
        for (size_t i = 0; i < ports.size(); ++i)
            CHECK(answers(bed, ports[i], kHost, static_cast<uint16_t>(5000 + i)));
    }
    SECTION("fewer flows") {
        life.options().flows = 16;
        Testbed& bed = life.restart();
        CHECK(bed.count(Count::FlowsAdopted) + bed.count(Count::StateNoRoom) == 40);
        CHECK(bed.count(Count::FlowsAdopted) >= 16);
        CHECK(bed.flows() == bed.count(Count::FlowsAdopted));
    }
}

TEST_CASE("restart: rules that have changed meanwhile are minded as by a reload", "[restart]") {
    auto life = restarts({.configure = [](config::Config& config) {
        config.no_nat = {{.inside = {ip("10.1.0.11"), 32}}};
    }});
    const uint16_t external = send(life.bed(), kHost, 5000);
    REQUIRE(life.bed().from_inside(Frame().ipv4(kPeer, kServer).udp(5000, 53)).size() == 1);
    const config::OnReload on_reload = GENERATE(config::OnReload::Keep, config::OnReload::End);
    life.options().configure = [&](config::Config& config) {
        config.pool = {{ip("198.51.100.9"), ip("198.51.100.9")}};
        config.on_reload = on_reload;
    };
    Testbed& bed = life.restart();
    const uint64_t kept = on_reload == config::OnReload::Keep ? 1 : 0;
    CHECK(bed.count(Count::FlowsAdopted) == kept);
    CHECK(bed.gateway().restored().without_ground == kept);
    CHECK(bed.count(Count::StateWithoutRule) == 1 - kept);
    CHECK(answers(bed, external, kHost, 5000) == (kept == 1));
    // What leaves with an inside address leaves by a rule that says so now, or not at all.
    CHECK(bed.count(Count::StatePrivate) == 1);
}

TEST_CASE("restart: what a crash has left in the middle of an operation", "[restart]") {
    auto life = restarts();
    send(life.bed(), kHost, 5000);
    send(life.bed(), kHost, 5001);
    const auto damage = [&](const std::function<void(FlowRecord&)>& change) -> Testbed& {
        return life.restart({}, [&](Estate& estate) { change(*live(estate).front()); });
    };
    SECTION("an insert under way: the flow is not there, its record is free again") {
        Testbed& bed = damage([](FlowRecord& record) { set_life(record, Life::Opening); });
        CHECK(bed.flows() == 1);
        CHECK(bed.from_inside(Frame().ipv4(kHost, kServer).udp(5000, 53)).size() == 1);
        CHECK(bed.flows() == 2);
    }
    SECTION("an end under way: no flow, and no loss") {
        Testbed& bed = damage([](FlowRecord& record) { set_life(record, Life::Dying); });
        CHECK(bed.flows() == 1);
        for (const Count count : {Count::StateUnsound, Count::StateExpired, Count::StateTwice})
            CHECK(bed.count(count) == 0);
    }
    SECTION("about to give way to another: it is its host's again") {
        Testbed& bed =
            damage([](FlowRecord& record) { record.status.fetch_or(conntrack::kEnded); });
        CHECK(bed.flows() == 2);
        bed.advance(Duration::seconds(60));
        CHECK(bed.flows() == 0);
    }
    SECTION("the same tuple twice: one flow has it") {
        Testbed& bed = life.restart({}, [](Estate& estate) {
            const auto flows = live(estate);
            REQUIRE(flows.size() == 2);
            flows[1]->tuple = flows[0]->tuple;
        });
        CHECK(bed.flows() == 1);
        CHECK(bed.count(Count::StateTwice) == 1);
        send(bed, kHost, 5000);
        send(bed, kHost, 5001);
    }
    SECTION("the same public endpoint toward one server: one flow has it") {
        Testbed& bed = life.restart({}, [](Estate& estate) {
            const auto flows = live(estate);
            flows[1]->tuple[1] = flows[0]->tuple[1];
        });
        CHECK(bed.flows() == 1);
        CHECK(bed.count(Count::StateTwice) == 1);
    }
}

TEST_CASE("restart: links to what is not there end what hangs on them", "[restart]") {
    auto life = restarts(mapped(Filtering::EndpointIndependent));
    send(life.bed(), kHost, 5000);
    send(life.bed(), kPeer, 5000);
    SECTION("the holder has ended") {
        Testbed& bed = life.restart(
            {}, [](Estate& estate) { set_life(*live(estate, Kind::Mapping).front(), Life::Free); });
        CHECK(bed.count(Count::FlowsAdopted) == 1);
        CHECK(bed.count(Count::StateUnheld) == 1);
    }
    SECTION("beyond the table, or to a flow") {
        Testbed& bed = life.restart({}, [](Estate& estate) {
            const auto flows = live(estate);
            flows[0]->holder.take();
            flows[0]->holder.set(1 << 20);
            flows[1]->holder.take();
            flows[1]->holder.set(static_cast<uint32_t>(flows[0] - estate.records().data()));
        });
        CHECK(bed.count(Count::FlowsAdopted) == 0);
        CHECK(bed.count(Count::StateUnheld) == 2);
        CHECK(bed.count(Count::HoldersAdopted) == 2);
    }
    SECTION("a count that is wrong is counted anew") {
        Testbed& bed = life.restart({}, [](Estate& estate) {
            for (FlowRecord* mapping : live(estate, Kind::Mapping))
                mapping->holding().dependents.store(77);
        });
        CHECK(bed.flows() == 4);
        bed.advance(Duration::seconds(1000));
        CHECK(bed.flows() == 0);
    }
    // Whatever was wrong, the endpoints can be mapped again.
    send(life.bed(), kHost, 5000);
    send(life.bed(), kPeer, 5000);
}

TEST_CASE("restart: a mapping to an inside address is nobody's", "[restart]") {
    auto life = restarts(mapped(Filtering::EndpointIndependent));
    send(life.bed(), kHost, 5000);
    Testbed& bed = life.restart({}, [](Estate& estate) {
        for (const Kind kind : {Kind::Mapping, Kind::Flow})
            live(estate, kind).front()->tuple[1].destination = ip("10.1.0.77");
    });
    CHECK(bed.flows() == 0);
    CHECK(bed.count(Count::StatePrivate) == 2);
    send(bed, kHost, 5000);
}

}  // namespace restart_test
