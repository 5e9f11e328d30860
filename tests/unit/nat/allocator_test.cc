// SPDX-License-Identifier: BSD-3-Clause
#include "nat/allocator.h"

#include "bench.h"
#include "catch.h"

#include <set>
#include <vector>

namespace allocator_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using stats::Count;
using stats::Drop;

namespace {

/// One worker's flows with a pool of `addresses`, of which `ports` may be used.
struct Bench : Ground, Opener {
    Bench(uint32_t addresses, pool::PortRange ports, uint32_t flows = 4096)
        : Ground({}, rule_with(addresses, ports), flows), Opener(static_cast<Ground&>(*this)) {
        is_answered = true;
    }

    /// What packets of a host get until one opens a flow or is told that there are no ports.
    Opening open_in_the_end(Be32 source, uint16_t own, unsigned& packets) {
        Opening opening;
        do {
            opening = open(source, own);
            ++packets;
        } while (opening.reason == Drop::PortsUnsearched && packets < 1000);
        return opening;
    }
};

}  // namespace

TEST_CASE("allocator: exhausted is said when every port is taken, and not before", "[nat]") {
    Bench bench(1, {2000, 2099});
    std::set<uint16_t> ports;
    for (uint32_t i = 0; i < 100; ++i)
        CHECK(ports.insert(bench.port(bench.open(host(i), 5000))).second);
    CHECK(ports.size() == 100);
    CHECK(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    CHECK(bench.exhaustion.read(0).packets == 1);
    CHECK(bench.exhaustion.read(0).destination == test::ip(kServer));
    CHECK(bench.exhaustion.read(0).port.host() == 80);

    // Remembered: not one port is tried again. Other servers have all ports.
    const uint64_t before = bench.probes();
    CHECK(bench.open(host(101), 2050).reason == Drop::PortsExhausted);
    CHECK(bench.probes() == before);
    CHECK(bench.open(host(101), 2050, kOtherServer).outcome == Opening::Outcome::Opened);
}

TEST_CASE("allocator: of a pool beyond what a host tries, exhausted is not said", "[nat]") {
    Bench bench(kMostAddresses + 8, {2000, 2000});
    for (uint16_t port = 5000; port < 5000 + kMostAddresses; ++port)
        REQUIRE(bench.open(host(0), port).outcome == Opening::Outcome::Opened);
    CHECK(bench.open(host(0), 9000).reason == Drop::PortsUnsearched);
    CHECK(bench.open(host(1), 9000).outcome == Opening::Outcome::Opened);
}

TEST_CASE("allocator: a proven exhaustion is forgotten when one of its flows ends", "[nat]") {
    Bench bench(1, {2000, 2099});
    std::vector<Opening> flows;
    for (uint32_t i = 0; i < 100; ++i)
        flows.push_back(bench.open(host(i), 5000));
    const Opening elsewhere = bench.open(host(0), 5000, kOtherServer);
    REQUIRE(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    const uint64_t before = bench.probes();
    bench.end(elsewhere);
    CHECK(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    CHECK(bench.probes() == before);
    const uint16_t port = bench.port(flows[42]);
    bench.end(flows[42]);
    CHECK(bench.port(bench.open(host(100), 5000)) == port);
    CHECK(bench.open(host(101), 5000).reason == Drop::PortsExhausted);
}

TEST_CASE("allocator: a proven exhaustion is believed for a second", "[nat]") {
    Bench bench(1, {2000, 2099});
    for (uint32_t i = 0; i < 100; ++i)
        bench.open(host(i), 5000);
    REQUIRE(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    const uint64_t before = bench.probes();
    bench.now = bench.now + Duration{999};
    CHECK(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    CHECK(bench.probes() == before);
    bench.now = bench.now + Duration{1};
    CHECK(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    CHECK(bench.probes() >= before + 100);
    // Past their deadlines the flows are in nobody's way, though nothing has ended them.
    bench.now = bench.now + Duration::seconds(31);
    CHECK(bench.open(host(100), 5000).outcome == Opening::Outcome::Opened);
}

TEST_CASE("allocator: the last of 64512 ports is found, and then none is left", "[nat][rfc4787]") {
    constexpr uint16_t kLast = 43210;
    Bench bench(1, pool::kAllPorts, 70'000);
    for (uint32_t port = 1024; port <= 65535; ++port)
        if (port != kLast)
            REQUIRE(bench.port(bench.open(host(0), static_cast<uint16_t>(port))) == port);

    unsigned packets = 0;
    const Opening last = bench.open_in_the_end(host(1), 5000, packets);
    CHECK(bench.port(last) == kLast);
    CHECK(packets <= 64512 / (kMaxProbes - 40) + 2);
    // The search is where it was: the rest of the range is all that is still to be seen.
    CHECK(bench.open_in_the_end(host(2), 6000, packets).reason == Drop::PortsExhausted);
    CHECK(packets <= 64512 / (kMaxProbes - 40) + 4);
    const uint64_t before = bench.probes();
    CHECK(bench.open(host(3), 7000).reason == Drop::PortsExhausted);
    CHECK(bench.probes() == before);

    bench.end(last);
    packets = 0;
    CHECK(bench.port(bench.open_in_the_end(host(3), 7000, packets)) == kLast);
}

TEST_CASE("allocator: a host whose address is full goes on to the next one, counted",
          "[nat][rfc4787]") {
    Bench bench(3, {2000, 2049});
    std::set<std::pair<uint32_t, uint16_t>> taken;
    for (uint16_t i = 0; i < 150; ++i) {
        const net::Tuple& reply = bench.reply(bench.open(host(0), static_cast<uint16_t>(5000 + i)));
        CHECK(taken.emplace(reply.destination.raw, reply.destination_port.raw).second);
        // Paired pooling: one address until it is full.
        std::set<uint32_t> addresses;
        for (const auto& [address, port] : taken)
            addresses.insert(address);
        CHECK(addresses.size() == i / 50 + 1u);
    }
    CHECK(bench.counters.count[Count::AddressChanged].read() == 100);
    CHECK(bench.open(host(1), 5000).reason == Drop::PortsExhausted);
    for (uint32_t slot = 0; slot < 3; ++slot)
        CHECK(bench.exhaustion.read(slot).packets >= 1);
}

TEST_CASE("allocator: no packet tries more than 256 ports, and the histogram has them all",
          "[nat]") {
    Bench bench(4, {2000, 2299}, 8192);
    unsigned opened = 0, packets = 0;
    for (uint32_t i = 0; i < 1500; ++i, ++packets)  // open() checks the bound
        opened += bench.open(host(i), 5000).outcome == Opening::Outcome::Opened;
    CHECK(opened == 1200);
    stats::Snapshot snapshot;
    snapshot.add(bench.counters);
    uint64_t sum = 0;
    for (const uint64_t bucket : snapshot.probes)
        sum += bucket;
    CHECK(sum == packets);
    CHECK(snapshot.probes.back() > 0);
}

TEST_CASE("allocator: an endpoint keeps its changed port toward other servers, while it has it",
          "[nat][linux]") {
    Bench bench(1, pool::kAllPorts);
    REQUIRE(bench.port(bench.open(host(0), 5000)) == 5000);
    const Opening first = bench.open(host(1), 5000);
    const uint16_t changed = bench.port(first);
    REQUIRE(changed != 5000);
    // Before its own, though that is free there.
    const Opening second = bench.open(host(1), 5000, kOtherServer);
    CHECK(bench.port(second) == changed);
    // Another port of the host is another endpoint.
    CHECK(bench.port(bench.open(host(1), 5001, kOtherServer)) == 5001);
    // Where another has it already, the own port comes next.
    CHECK(bench.port(bench.open(host(2), changed, "203.0.113.12")) == changed);
    CHECK(bench.port(bench.open(host(1), 5000, "203.0.113.12")) == 5000);
    bench.end(second);
    CHECK(bench.port(bench.open(host(1), 5000, "203.0.113.13")) == changed);
}

TEST_CASE("allocator: a changed port is forgotten with the last flow that has it", "[nat][linux]") {
    Bench bench(1, pool::kAllPorts);
    bench.open(host(0), 5000);
    const Opening changed = bench.open(host(1), 5000);
    REQUIRE(bench.port(changed) != 5000);
    bench.end(changed);
    CHECK(bench.port(bench.open(host(1), 5000, kOtherServer)) == 5000);
}

TEST_CASE("allocator: to decide changes nothing, and does the same again", "[nat]") {
    Bench bench(2, {2000, 2099});
    for (uint32_t i = 0; i < 120; ++i)
        bench.open(host(i), 5000);
    Hands hands(bench, 0);
    const Request request = bench.outward(udp(host(300), 5000));
    const auto decide = [&](Tick now) { return hands.allocator.decide(request, now, hands.trail); };
    const uint32_t flows = bench.table->size();
    const auto shortages = [&] {
        return bench.exhaustion.read(0).packets + bench.exhaustion.read(1).packets;
    };
    const uint64_t before = shortages();
    std::set<uint16_t> ports;
    for (int moment = 0; moment < 100; ++moment) {
        const Tick now = bench.now + Duration{moment};
        const Decision one = decide(now);
        const Decision again = decide(now);
        REQUIRE(one.external);
        CHECK(one.external == again.external);
        CHECK(one.probes == again.probes);
        ports.insert(one.external->port.host());
    }
    CHECK(ports.size() > 20);  // another moment, another port
    CHECK(bench.table->size() == flows);
    CHECK(shortages() == before);
}

TEST_CASE("allocator: what was decided is what the packet gets, if nobody is faster", "[nat]") {
    Bench bench(1, pool::kAllPorts);
    bench.open(host(0), 5000);
    Hands hands(bench, 0);
    for (uint32_t i = 1; i < 50; ++i) {
        const Decision decision =
            hands.allocator.decide(bench.outward(udp(host(i), 5000)), bench.now, hands.trail);
        REQUIRE(decision.external);
        CHECK(bench.port(bench.open(host(i), 5000)) == decision.external->port.host());
    }
}

TEST_CASE("allocator: of a cluster's addresses only those that are held are given", "[nat]") {
    Bench bench(4, pool::kAllPorts);
    const Be32 first = bench.rule.pool->address(0);
    std::vector<Be32> addresses;
    for (uint32_t i = 0; i < 4; ++i)
        addresses.push_back(Be32::from_host(first.host() + i));
    pool::Holdings holdings(addresses);
    Hands hands(bench, 0);
    const Allocator allocator({.table = *bench.table,
                               .policy = bench.policy,
                               .mappings = hands.mappings,
                               .kept = bench.kept,
                               .draws = bench.draws,
                               .holdings = &holdings},
                              0);
    const auto decide = [&](uint32_t number) {
        return allocator.decide(bench.outward(udp(host(number), 5000)), bench.now, hands.trail);
    };
    for (uint32_t i = 0; i < 20; ++i) {
        const Decision decision = decide(i);
        CHECK(!decision.external);
        CHECK(decision.reason == Drop::NotHeld);
    }
    holdings.hold(2, true);
    for (uint32_t i = 0; i < 20; ++i) {
        const Decision decision = decide(i);
        REQUIRE(decision.external);
        CHECK(decision.external->address == addresses[2]);
        CHECK(decision.external->port.host() == 5000);
    }
    holdings.hold(0, true);
    std::set<uint32_t> given;
    for (uint32_t i = 0; i < 40; ++i)
        given.insert(decide(i).external->address.host());
    CHECK(given == std::set<uint32_t>{addresses[0].host(), addresses[2].host()});
}

TEST_CASE("allocator: a mapping at an address that is held no more is given to no flow", "[nat]") {
    RuleParams rule = rule_with(1, pool::kAllPorts);
    rule.independence = Independence{{{net::Protocol::Udp}}, pool::kUserPorts, {}};
    Ground ground({}, rule, 4096);
    Opener opener(ground);
    REQUIRE(opener.open(host(1), 5000).outcome == Opening::Outcome::Opened);
    pool::Holdings holdings({ground.rule.pool->address(0)});
    Hands hands(ground, 0);
    const Allocator allocator({.table = *ground.table,
                               .policy = ground.policy,
                               .mappings = hands.mappings,
                               .kept = ground.kept,
                               .draws = ground.draws,
                               .holdings = &holdings},
                              0);
    const Request again = ground.outward(udp(host(1), 5000, kOtherServer));
    CHECK(allocator.decide(again, ground.now, hands.trail).reason == Drop::NotHeld);
    holdings.hold(0, true);
    CHECK(allocator.decide(again, ground.now, hands.trail).mapping);
}

TEST_CASE("allocator: ports are not given out one after the other", "[nat][rfc6056]") {
    Bench bench(1, {1024, 65535});
    std::vector<int> ports;
    for (uint32_t i = 0; i < 400; ++i)
        ports.push_back(bench.port(bench.open(host(i), 5000)));
    int followers = 0;
    for (size_t i = 1; i < ports.size(); ++i)
        followers += ports[i] == ports[i - 1] + 1;
    CHECK(followers < 20);
}

TEST_CASE("allocator: a port keeps its class, as with Linux", "[nat][rfc4787]") {
    Bench bench(1, pool::kAllPorts);
    struct Row {
        uint16_t own, first, last;
    };
    for (const Row row : {Row{80, 1, 511}, Row{511, 1, 511}, Row{512, 600, 1023},
                          Row{1023, 600, 1023}, Row{1024, 1024, 65535}})
        for (uint32_t i = 0; i < 20; ++i) {
            const uint16_t port = bench.port(bench.open(host(i), row.own));
            CHECK((i == 0) == (port == row.own));
            if (i > 0)
                CHECK((port >= row.first && port <= row.last));
        }
}

}  // namespace allocator_test
