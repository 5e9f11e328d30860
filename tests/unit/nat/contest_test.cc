// SPDX-License-Identifier: BSD-3-Clause
#include "nat/contest.h"

#include "bench.h"
#include "catch.h"

#include <set>
#include <vector>

namespace contest_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using stats::Count;
using stats::Drop;

namespace {

constexpr pool::PortRange kPorts{2000, 2009};

/// One address with ten ports, all of which hosts hold that nobody has answered, one more each
/// second.
struct Full : Ground, Opener {
    Full() : Ground({}, rule_with(1, kPorts), 4096), Opener(static_cast<Ground&>(*this)) {}

    void fill() {
        for (uint32_t i = 0; i < kPorts.size(); ++i) {
            flows.push_back(open(host(i), 5000));
            ports.push_back(port(flows.back()));
            now = now + Duration::seconds(1);
        }
    }
    uint64_t ended() const { return counters.count[Count::EarlyDropped].read(); }

    std::vector<Opening> flows;
    std::vector<uint16_t> ports;
};

}  // namespace

TEST_CASE("contest: of those that nobody has answered the stalest gives up its port", "[nat]") {
    Full full;
    full.fill();
    for (size_t i = 0; i < 3; ++i) {
        CHECK(full.port(full.open(host(100 + static_cast<uint32_t>(i)), 5000)) == full.ports[i]);
        CHECK(full.ended() == i + 1);
        full.now = full.now + Contest::kLasts + Duration{1};  // so that it is looked for anew
    }
    CHECK(full.table->size() == kPorts.size());
}

TEST_CASE("contest: a port that was won is kept toward other servers", "[nat][linux]") {
    Full full;
    full.fill();
    const uint16_t won = full.port(full.open(host(100), 5000));
    CHECK(full.ended() == 1);
    CHECK(full.port(full.open(host(100), 5000, kOtherServer)) == won);
}

TEST_CASE("contest: who has been answered keeps its port", "[nat]") {
    Full full;
    full.is_answered = true;
    full.fill();
    CHECK(full.open(host(100), 5000).reason == Drop::PortsExhausted);
    CHECK(full.ended() == 0);
    // One of ten is enough, and toward another server there is no need.
    full.end(full.flows[7]);
    full.is_answered = false;
    REQUIRE(full.port(full.open(host(100), 5000)) == full.ports[7]);
    full.now = full.now + Duration::seconds(1);
    CHECK(full.port(full.open(host(101), 5000)) == full.ports[7]);
    CHECK(full.ended() == 1);
    full.open(host(102), 5000, kOtherServer);
    CHECK(full.ended() == 1);
}

TEST_CASE("contest: nobody goes for a port of an address that is not held", "[nat]") {
    Full full;
    full.fill();
    pool::Holdings holdings({full.rule.pool->address(0)});
    Hands hands(full, 0);
    Contest contest({.table = *full.table,
                     .policy = full.policy,
                     .mappings = hands.mappings,
                     .kept = full.kept,
                     .draws = full.draws,
                     .holdings = &holdings});
    const Request request = full.outward(udp(host(100), 5000));
    CHECK(contest.draw(request, Contest::kMostKeys, full.now).empty());
    holdings.hold(0, true);
    CHECK(!contest.draw(request, Contest::kMostKeys, full.now).empty());
}

TEST_CASE("contest: for a moment after one new flows do not search before they ask", "[nat]") {
    Full full;
    full.fill();
    full.open(host(100), 5000);
    const uint64_t before = full.probes();
    full.now = full.now + Contest::kLasts;
    CHECK(full.open(host(101), 5000).outcome == Opening::Outcome::Opened);
    CHECK(full.probes() == before);
    full.now = full.now + Contest::kLasts + Duration{1};
    CHECK(full.open(host(102), 5000).outcome == Opening::Outcome::Opened);
    CHECK(full.probes() > before);
}

TEST_CASE("contest: what has begun long ago is over, however the clock comes round", "[nat]") {
    Full full;
    const Request request = full.outward(udp(host(0), 5000));
    Mappings mappings(*full.table, full.policy);
    Contest contest({*full.table, full.policy, mappings, full.kept, full.draws, full.steering});
    CHECK_FALSE(contest.is_on(request, full.now));
    contest.begin(request, full.now);
    CHECK(contest.is_on(request, full.now));
    CHECK_FALSE(contest.is_on(full.outward(udp(host(0), 5000, kOtherServer)), full.now));
    contest.begin(request, full.now);
    for (int half = 0; half < 2; ++half)
        full.now = full.now + Duration::seconds(15 * 24 * 3600);
    CHECK_FALSE(contest.is_on(request, full.now));
}

TEST_CASE("contest: draws no more keys than it is asked for, each once, none of them reserved",
          "[nat]") {
    constexpr uint16_t kForwarded = 2005;
    Full full;
    const pool::Forward forward{
        net::Protocol::Udp, endpoint("198.51.100.1", kForwarded), {host(9), Be16::from_host(53)}};
    full.fixed.policy.statics = pool::StaticSet({&forward, 1}, {});
    const Request request = full.outward(udp(host(0), 5000));
    Mappings mappings(*full.table, full.policy);
    Contest contest({*full.table, full.policy, mappings, full.kept, full.draws, full.steering});
    for (const unsigned most : {Contest::kFirstKeys, Contest::kMostKeys}) {
        const auto keys = contest.draw(request, most, full.now);
        CHECK(keys.size() <= most);
        CHECK_FALSE(keys.empty());
        std::set<uint16_t> drawn;
        for (const net::Tuple& key : keys) {
            CHECK(kPorts.contains(key.destination_port.host()));
            CHECK(key.destination_port.host() != kForwarded);
            CHECK(drawn.insert(key.destination_port.host()).second);
            CHECK(key.destination == test::ip("198.51.100.1"));
            CHECK(key.source == test::ip(kServer));
        }
    }
    Request kept = request;
    kept.keeps_source = true;  // by --no-nat
    CHECK(contest.draw(kept, Contest::kMostKeys, full.now).empty());
    Request foreign = request;
    foreign.rule = nullptr;  // none serves its source
    CHECK(contest.draw(foreign, Contest::kMostKeys, full.now).empty());
}

TEST_CASE("contest: no port of a block is asked for, for it is its host's", "[nat][blocks]") {
    Ground ground({.blocks = {64, 2}}, rule_with(1, pool::kAllPorts), 64);
    Mappings mappings(*ground.table, ground.policy);
    Contest contest(
        {*ground.table, ground.policy, mappings, ground.kept, ground.draws, ground.steering});
    CHECK(contest.draw(ground.outward(udp(host(0), 5000)), Contest::kMostKeys, ground.now).empty());
    // What has no ports is of no block.
    net::Tuple gre = udp(host(0), 0);
    gre.destination_port = {};
    gre.protocol = net::Protocol::Gre;
    CHECK(contest.draw(ground.outward(gre), Contest::kMostKeys, ground.now).size() == 1);
}

TEST_CASE("contest: the port that an endpoint has by another flow is drawn first, then its own",
          "[nat][linux]") {
    constexpr uint16_t kOwn = 2003;
    Full full;
    REQUIRE(full.port(full.open(host(0), kOwn)) == kOwn);
    const uint16_t kept = full.port(full.open(host(1), kOwn));
    REQUIRE(kept != kOwn);
    Mappings mappings(*full.table, full.policy);
    Contest contest({*full.table, full.policy, mappings, full.kept, full.draws, full.steering});
    const auto keys =
        contest.draw(full.outward(udp(host(1), kOwn, kOtherServer)), Contest::kMostKeys, full.now);
    std::vector<uint16_t> drawn;
    for (const net::Tuple& key : keys)
        drawn.push_back(key.destination_port.host());
    REQUIRE(drawn.size() == kPorts.size());
    CHECK(drawn[0] == kept);
    CHECK(drawn[1] == kOwn);
    CHECK(std::set(drawn.begin(), drawn.end()).size() == kPorts.size());
}

}  // namespace contest_test
