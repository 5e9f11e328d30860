// SPDX-License-Identifier: BSD-3-Clause
#include "nat/port_choice.h"

#include "catch.h"
#include "nat/nat.h"
#include "packet_builder.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace sluice;
using nat::kMaxProbes;
using nat::Opening;
using sluice::test::ip;
using stats::Count;
using stats::Drop;

namespace {

constexpr auto kServer = "203.0.113.10";
constexpr auto kOtherServer = "203.0.113.11";
constexpr Tick kStart{0xffff'fff0};  // the clock runs over soon

std::string host(int number) {
    return "10.1." + std::to_string(number / 250) + '.' + std::to_string(1 + number % 250);
}

/// One worker's Nat with a pool of `addresses`, of which `ports` may be used.
struct Bench {
    Bench(uint32_t addresses, pool::PortRange ports, uint32_t flows = 4096)
        : table(make_table(flows)),
          served{.inside = {ip("10.0.0.0"), 8},
                 .addresses = {{ip("198.51.100.1"),
                                Be32::from_host(ip("198.51.100.1").host() + addresses - 1)}},
                 .ports = ports},
          slots(addresses, ports),
          leases(1, slots, 1),
          exhaustion(addresses) {}

    static std::unique_ptr<flow::FlowTable> make_table(uint32_t flows) {
        flow::FlowTableParams params;
        params.capacity = flows;
        params.secret = {1, 2, 3, 4};
        return std::move(flow::FlowTable::create(params)).value();
    }

    Opening open(const std::string& source, uint16_t port, const char* server = kServer) {
        const uint64_t before = probes();
        const net::Tuple tuple{ip(source.c_str()),  ip(server),         Be16::from_host(port),
                               Be16::from_host(80), net::Protocol::Udp, {}};
        const Opening opening =
            nat.open(nat::Request::outward(tuple), {net::Protocol::Udp, 0, 0}, now);
        nat.finish();
        member.quiescent();
        REQUIRE(probes() - before <= kMaxProbes);
        return opening;
    }
    /// What packets of a host get until one opens a flow or is told that there are no ports.
    Opening open_in_the_end(const std::string& source, uint16_t port, unsigned& packets) {
        Opening opening;
        do {
            opening = open(source, port);
            ++packets;
        } while (opening.reason == Drop::PortsUnsearched && packets < 1000);
        return opening;
    }
    const net::Tuple& reply(const Opening& opening) {
        REQUIRE(opening.outcome == Opening::Outcome::Opened);
        return table->record(opening.flow).key(net::Direction::Reply);
    }
    uint16_t port(const Opening& opening) { return reply(opening).destination_port.host(); }
    void end(const Opening& opening) {
        REQUIRE(member.kill(opening.flow.index(), table->record(opening.flow).life.load()));
    }
    uint64_t probes() const { return counters.count[Count::PortProbes].read(); }

    std::unique_ptr<hosts::HostTable> hosts =
        std::move(hosts::HostTable::create({.capacity = 1024, .flows = 1 << 17}).value());
    std::unique_ptr<flow::FlowTable> table;
    nat::RuleParams served;
    nat::Rules rules{{&served, 1}, 1};
    std::vector<pool::PortRange> slots;
    pool::Leases leases;
    pool::Exhaustion exhaustion;
    pool::ChangedPorts changed_ports;
    pool::StaticMappings statics;
    flow::Member member{*table};
    stats::Counters counters;
    nat::Nat nat{
        {*table, rules, leases, exhaustion, changed_ports, nullptr, statics, {}, *hosts, {}},
        member,
        counters,
        0};
    Tick now = kStart;
};

}  // namespace

TEST_CASE("port choice: exhausted is said when every port is taken, and not before", "[nat]") {
    Bench bench(1, {2000, 2099});
    std::set<uint16_t> ports;
    for (int i = 0; i < 100; ++i)
        CHECK(ports.insert(bench.port(bench.open(host(i), 5000))).second);
    CHECK(ports.size() == 100);
    CHECK(bench.open(host(100), 5000).reason == Drop::PortsExhausted);
    CHECK(bench.exhaustion.read(0).packets == 1);
    CHECK(bench.exhaustion.read(0).destination == ip(kServer));
    CHECK(bench.exhaustion.read(0).port.host() == 80);

    // Remembered: not one port is tried again. Other servers have all ports.
    const uint64_t before = bench.probes();
    CHECK(bench.open(host(101), 2050).reason == Drop::PortsExhausted);
    CHECK(bench.probes() == before);
    CHECK(bench.open(host(101), 2050, kOtherServer).outcome == Opening::Outcome::Opened);
}

TEST_CASE("port choice: of a pool beyond what a host tries, exhausted is not said", "[nat]") {
    Bench bench(nat::kMostAddresses + 8, {2000, 2000});
    for (uint16_t port = 5000; port < 5000 + nat::kMostAddresses; ++port)
        REQUIRE(bench.open(host(0), port).outcome == Opening::Outcome::Opened);
    CHECK(bench.open(host(0), 9000).reason == Drop::PortsUnsearched);
    CHECK(bench.open(host(1), 9000).outcome == Opening::Outcome::Opened);
}

TEST_CASE("port choice: a proven exhaustion is forgotten when one of its flows ends", "[nat]") {
    Bench bench(1, {2000, 2099});
    std::vector<Opening> flows;
    for (int i = 0; i < 100; ++i)
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

TEST_CASE("port choice: a proven exhaustion is believed for a second", "[nat]") {
    Bench bench(1, {2000, 2099});
    for (int i = 0; i < 100; ++i)
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

TEST_CASE("port choice: the last of 64512 ports is found, and then none is left",
          "[nat][rfc4787]") {
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

TEST_CASE("port choice: a host whose address is full goes on to the next one, counted",
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

TEST_CASE("port choice: no packet tries more than 256 ports, and the histogram has them all",
          "[nat]") {
    Bench bench(4, {2000, 2299}, 8192);
    unsigned opened = 0, packets = 0;
    for (int i = 0; i < 1500; ++i, ++packets)  // open() checks the bound
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

TEST_CASE("port choice: an endpoint keeps its changed port toward other servers", "[nat][linux]") {
    Bench bench(1, pool::kAllPorts);
    REQUIRE(bench.port(bench.open(host(0), 5000)) == 5000);
    REQUIRE(bench.port(bench.open(host(0), 5000, kOtherServer)) == 5000);
    const uint16_t changed = bench.port(bench.open(host(1), 5000));
    REQUIRE(changed != 5000);
    CHECK(bench.port(bench.open(host(1), 5000, kOtherServer)) == changed);
    // Where its own is free, it has that, as with Linux.
    CHECK(bench.port(bench.open(host(1), 5000, "203.0.113.12")) == 5000);
    // Another port of the host is another endpoint.
    CHECK(bench.port(bench.open(host(1), 5001, kOtherServer)) == 5001);
}

TEST_CASE("port choice: ports are not given out one after the other", "[nat][rfc6056]") {
    Bench bench(1, {1024, 65535});
    std::vector<int> ports;
    for (int i = 0; i < 400; ++i)
        ports.push_back(bench.port(bench.open(host(i), 5000)));
    int followers = 0;
    for (size_t i = 1; i < ports.size(); ++i)
        followers += ports[i] == ports[i - 1] + 1;
    CHECK(followers < 20);
}

TEST_CASE("port choice: a port keeps its class, as with Linux", "[nat][rfc4787]") {
    Bench bench(1, pool::kAllPorts);
    struct Row {
        uint16_t own, first, last;
    };
    for (const Row row : {Row{80, 1, 511}, Row{511, 1, 511}, Row{512, 600, 1023},
                          Row{1023, 600, 1023}, Row{1024, 1024, 65535}})
        for (int i = 0; i < 20; ++i) {
            const uint16_t port = bench.port(bench.open(host(i), row.own));
            CHECK((i == 0) == (port == row.own));
            if (i > 0)
                CHECK((port >= row.first && port <= row.last));
        }
}
