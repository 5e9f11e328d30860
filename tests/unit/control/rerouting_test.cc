// SPDX-License-Identifier: BSD-3-Clause
#include "control/rerouting.h"

#include "catch.h"
#include "conntrack/protocol_state.h"
#include "fixed_policy.h"
#include "nat/holders.h"
#include "packet_builder.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace rerouting_test {

using namespace sluice;
using conntrack::TcpState;
using control::Rerouting;
using net::Protocol;
using net::Side;
using sluice::test::ip;
using stats::Count;

namespace {

constexpr auto kServer = "203.0.113.10";
constexpr auto kFirst = "198.51.100.1";  // of uplink 0
constexpr auto kSecond = "192.0.2.1";    // of uplink 1

link::Uplinks two_uplinks() {
    return link::Uplinks(
        {.uplinks = {{{1, ip("198.51.100.254")}}, {{2, ip("192.0.2.254")}}},
         .belongings = {{{ip("198.51.100.0"), 24}, 0}, {{ip("192.0.2.0"), 24}, 1}}});
}

/// 10.1.0.0/24 has an address at both uplinks, 10.2.0.0/24 at the second alone.
struct Bed {
    Bed() {
        flow::FlowTableParams params;
        params.capacity = 1024;
        params.secret = {1, 2, 3, 4};
        table = std::move(flow::FlowTable::create(params).value());
        owner.emplace(*table);
        control.emplace(*table);
        rerouting.emplace(*table, *control, current, &living, counters);
    }

    uint32_t open(const char* host, const char* external, Protocol protocol = Protocol::Udp,
                  TcpState state = TcpState::None, net::Sides sides = {}) {
        const Be16 port = Be16::from_host(++ports);
        const Be16 service = Be16::from_host(80);
        return insert({ip(host), ip(kServer), port, service, protocol},
                      {ip(kServer), ip(external), service, port, protocol}, state, sides);
    }
    uint32_t insert(const net::Tuple& original, const net::Tuple& reply,
                    TcpState state = TcpState::None, net::Sides sides = {}) {
        std::array<uint32_t, 1> index{};
        REQUIRE(owner->take(index) == 1);
        flow::FlowRecord& record = table->record(index[0]);
        record.tuple = {original, reply};
        record.sides = sides;
        record.state = conntrack::ProtocolState(state).bits();
        record.deadline = now + Duration::seconds(100);
        if (record.kind() != flow::Kind::Flow)
            record.holding().dependents = 0;
        REQUIRE(owner->insert(index[0], now).outcome == flow::InsertOutcome::Inserted);
        return index[0];
    }
    bool is_live(uint32_t index) const {
        return table->record(index).life.load().life() == flow::Life::Live;
    }
    unsigned turn() {
        const unsigned ended = rerouting->turn();
        control->quiescent();
        return ended;
    }
    /// The second uplink dies, and all that follows from that is done.
    void lose_second() {
        living.replace(0b01, 0b11);
        rerouting->start();
        for (int i = 0; i < 10; ++i) {
            turn();
            owner->quiescent();
        }
    }

    Tick now{1000};
    uint16_t ports = 1000;
    std::vector<policy::RuleParams> rules{
        {.inside = {ip("10.1.0.0"), 24},
         .addresses = {{ip(kFirst), ip(kFirst)}, {ip(kSecond), ip(kSecond)}}},
        {.inside = {ip("10.2.0.0"), 24}, .addresses = {{ip(kSecond), ip(kSecond)}}}};
    std::vector<pool::Forward> forwards{{Protocol::Udp,
                                         {ip(kSecond), Be16::from_host(53)},
                                         {ip("10.1.0.9"), Be16::from_host(1001)}}};
    policy::Pools pools{1};
    policy::Policy policy{.rules = policy::RuleSet(rules, {}, pools, nullptr, two_uplinks()),
                          .statics = pool::StaticSet(forwards, {}, {}),
                          .routes = link::Routes({}, two_uplinks())};
    policy::Current current{policy};
    std::unique_ptr<flow::FlowTable> table;
    std::optional<flow::Member> owner;
    std::optional<flow::Member> control;
    stats::Counters counters;
    link::LivingUplinks living;
    std::optional<Rerouting> rerouting;
};

}  // namespace

TEST_CASE("rerouting: what would keep itself alive on a dead uplink ends", "[control][uplinks]") {
    Bed bed;
    const uint32_t udp = bed.open("10.1.0.10", kSecond);
    const uint32_t gre = bed.open("10.1.0.10", kSecond, Protocol::Gre);
    const uint32_t syn = bed.open("10.1.0.10", kSecond, Protocol::Tcp, TcpState::SynSent);
    const uint32_t other = bed.open("10.1.0.10", kFirst);
    const uint32_t connection =
        bed.open("10.1.0.10", kSecond, Protocol::Tcp, TcpState::Established);
    CHECK(bed.turn() == 0);
    bed.lose_second();
    for (const uint32_t index : {udp, gre, syn})
        CHECK_FALSE(bed.is_live(index));
    CHECK(bed.is_live(other));
    CHECK(bed.is_live(connection));
    CHECK(bed.counters.count[Count::FlowsRerouted].read() == 3);
}

TEST_CASE("rerouting: what could be given no other address stays", "[control][uplinks]") {
    Bed bed;
    const uint32_t fixed = bed.open("10.1.0.9", kSecond);  // the forward's holder
    const uint32_t bound = bed.open("10.2.0.10", kSecond);
    const uint32_t inward = bed.open("10.1.0.10", kSecond, Protocol::Udp, TcpState::None,
                                     {Side::Outside, Side::Inside});
    const uint32_t hairpin =
        bed.open("10.1.0.10", kSecond, Protocol::Udp, TcpState::None, {Side::Inside, Side::Inside});
    bed.lose_second();
    for (const uint32_t index : {fixed, bound, inward, hairpin})
        CHECK(bed.is_live(index));
}

TEST_CASE("rerouting: a mapping ends behind its contacts, unless something hangs on it",
          "[control][uplinks]") {
    Bed bed;
    const auto mapping = [&](uint16_t port) {
        const auto keys = nat::mapping_keys(Protocol::Udp, {ip("10.1.0.10"), Be16::from_host(port)},
                                            {ip(kSecond), Be16::from_host(port)});
        return bed.insert(keys.original, keys.reply);
    };
    const uint32_t idle = mapping(5000);
    const uint32_t held = mapping(5001);
    bed.table->record(held).holding().dependents = 1;
    bed.lose_second();
    CHECK_FALSE(bed.is_live(idle));
    CHECK(bed.is_live(held));
    bed.table->record(held).holding().dependents = 0;
}

TEST_CASE("rerouting: a mapping does not wait for what has been foretold of it",
          "[control][uplinks]") {
    Bed bed;
    const auto expected_by = [&](const char* external, uint16_t port) {
        const net::Endpoint inside{ip("10.1.0.10"), Be16::from_host(port)};
        const auto keys =
            nat::mapping_keys(Protocol::Tcp, inside, {ip(external), Be16::from_host(port)});
        const uint32_t mapping = bed.insert(keys.original, keys.reply);
        constexpr auto kKind = static_cast<uint8_t>(flow::Kind::Expectation);
        const uint32_t index =
            bed.insert({ip(kServer), ip(external), {}, Be16::from_host(port), Protocol::Tcp, kKind},
                       {inside.address, ip(kServer), inside.port, {}, Protocol::Tcp, kKind});
        bed.table->record(index).hang_on(mapping, flow::Kind::Mapping);
        bed.table->record(mapping).holding().dependents = 1;
        return std::pair(index, mapping);
    };
    const auto [gone, its_mapping] = expected_by(kSecond, 5000);
    const auto [standing, other_mapping] = expected_by(kFirst, 5001);
    bed.lose_second();
    CHECK_FALSE(bed.is_live(gone));
    CHECK_FALSE(bed.is_live(its_mapping));
    CHECK(bed.is_live(standing));
    CHECK(bed.is_live(other_mapping));
}

TEST_CASE("rerouting: it waits until every worker knows", "[control][uplinks]") {
    Bed bed;
    bed.living.replace(0b01, 0b11);
    bed.rerouting->start();
    const uint32_t late = bed.open("10.1.0.10", kSecond);  // by a worker that does not know yet
    for (int i = 0; i < 10; ++i)
        CHECK(bed.turn() == 0);
    CHECK(bed.is_live(late));
    bed.owner->quiescent();
    CHECK(bed.turn() == 1);
    CHECK_FALSE(bed.is_live(late));
}

}  // namespace rerouting_test
