// SPDX-License-Identifier: BSD-3-Clause
#include "nat/kept_endpoints.h"

#include "bench.h"
#include "catch.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace kept_endpoints_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;

namespace {

constexpr Tick kBegin{0xffff'fff0};  // the clock runs over soon
constexpr Duration kShort = Duration::seconds(30);
constexpr Duration kLong = Duration::seconds(3600);

/// The n-th of so many inside endpoints: ports of hosts.
net::Endpoint inside(uint32_t n) {
    return {host(n >> 8), Be16::from_host(static_cast<uint16_t>(5000 + (n & 0xff)))};
}
/// A public one that no inside endpoint has by itself.
net::Endpoint changed(uint32_t n) {
    return {test::ip("198.51.100.1"), Be16::from_host(static_cast<uint16_t>(20'000 + n))};
}

/// Flows with whatever endpoints a test says, and what is known of them.
struct Bench {
    explicit Bench(uint32_t flows)
        : table(Ground::make(flows)),
          known(std::move(KeptEndpoints::create({.flows = flows, .secret = 1}).value())) {}

    /// Opens a flow of the n-th endpoint to a server of its own, and learns of it.
    uint32_t open(uint32_t n, net::Endpoint external, Duration timeout = kShort) {
        const uint32_t index = open_unknown(n, external, timeout);
        known.learn(*table, index, now);
        return index;
    }
    uint32_t open_unknown(uint32_t n, net::Endpoint external, Duration timeout = kShort) {
        const auto [address, own, zone] = inside(n);
        const Be32 server = Be32::from_host(0xcb000000 + ++servers);
        const Be16 port = Be16::from_host(80);
        return insert({address, server, own, port, net::Protocol::Udp, {}},
                      {server, external.address, port, external.port, net::Protocol::Udp, {}},
                      timeout);
    }
    uint32_t insert(const net::Tuple& original, const net::Tuple& reply, Duration timeout) {
        uint32_t index = 0;
        REQUIRE(member.take({&index, 1}) == 1);
        flow::FlowRecord& record = table->record(index);
        record.tuple = {original, reply};
        record.deadline.store(now + timeout);
        REQUIRE(member.insert(index, now).outcome == flow::InsertOutcome::Inserted);
        return index;
    }
    void end(uint32_t index) {
        REQUIRE(member.kill(index, table->record(index).life.load()));
        member.quiescent();
        member.quiescent();
    }
    std::optional<net::Endpoint> find(uint32_t n, uint32_t but = kNoRecord) {
        const auto [address, own, zone] = inside(n);
        return known.find(*table, {address, {}, own, {}, net::Protocol::Udp, {}}, now, but);
    }

    std::unique_ptr<flow::FlowTable> table;
    flow::Member member{*table};
    KeptEndpoints known;
    uint32_t servers = 0;
    Tick now = kBegin;
};

}  // namespace

TEST_CASE("kept endpoints: the newest flow of an endpoint says which, while it lives",
          "[nat][linux]") {
    Bench bench(64);
    CHECK_FALSE(bench.find(1));
    const uint32_t older = bench.open(1, changed(1));
    CHECK(bench.find(1) == changed(1));
    const uint32_t newer = bench.open(1, changed(2));
    CHECK(bench.find(1) == changed(2));
    CHECK(bench.find(1, newer) == changed(1));
    bench.end(newer);
    CHECK(bench.find(1) == changed(1));
    bench.end(older);
    CHECK_FALSE(bench.find(1));
}

TEST_CASE("kept endpoints: a flow past its deadline says nothing", "[nat]") {
    Bench bench(64);
    bench.open(1, changed(1));
    REQUIRE(bench.find(1));
    bench.now = bench.now + kShort;
    CHECK_FALSE(bench.find(1));
}

TEST_CASE("kept endpoints: another endpoint's flow, and a record's next use, say nothing",
          "[nat]") {
    Bench bench(64);
    const uint32_t index = bench.open(1, changed(1));
    for (uint32_t n = 2; n < 2000; ++n)
        CHECK_FALSE(bench.find(n));
    bench.end(index);
    // By the same endpoint with its own port, by another, by a mapping of the endpoint.
    REQUIRE(bench.open_unknown(1, {changed(0).address, inside(1).port}) == index);
    CHECK_FALSE(bench.find(1));
    bench.end(index);
    REQUIRE(bench.open_unknown(2, changed(2)) == index);
    CHECK_FALSE(bench.find(1));
    bench.end(index);
    const auto [original, reply] = mapping_keys(net::Protocol::Udp, inside(1), changed(1));
    REQUIRE(bench.insert(original, reply, kShort) == index);
    CHECK_FALSE(bench.find(1));
}

TEST_CASE("kept endpoints: flows that have ended push out none that lives", "[nat]") {
    Bench bench(1024);
    bench.open(1, changed(1), kLong);
    bench.open(2, changed(2), kLong);
    for (uint32_t n = 0; n < 50'000; ++n) {
        // Its own, too.
        bench.end(bench.open(n % 3 == 0 ? 1 : n, changed(n % 1000)));
        bench.now = bench.now + Duration{1};
    }
    CHECK(bench.find(1) == changed(1));
    CHECK(bench.find(2) == changed(2));
}

TEST_CASE("kept endpoints: none is forgotten while its flow lives, with a quarter of all flows",
          "[nat]") {
    constexpr uint32_t kFlows = 4096;
    Bench bench(kFlows);
    std::mt19937 random(1);
    std::vector<std::pair<uint32_t, uint32_t>> live;  // endpoint, record
    for (uint32_t n = 0; n < 16 * kFlows; ++n) {
        if (live.size() == kFlows / 4) {
            std::swap(live[random() % live.size()], live.back());
            bench.end(live.back().second);
            live.pop_back();
        }
        live.emplace_back(n, bench.open(n, changed(n % 40'000), kLong));
    }
    size_t forgotten = 0;
    for (const auto& [n, index] : live)
        forgotten += bench.find(n) == changed(n % 40'000) ? 0 : 1;
    CHECK(forgotten == 0);
}

TEST_CASE("kept endpoints: of as many as there are flows, few are forgotten", "[nat]") {
    constexpr uint32_t kFlows = 4096;
    Bench bench(kFlows);
    for (uint32_t n = 0; n < kFlows; ++n)
        bench.open(n, changed(n));
    uint32_t forgotten = 0;
    for (uint32_t n = 0; n < kFlows; ++n)
        forgotten += bench.find(n) == changed(n) ? 0 : 1;
    CHECK(forgotten < kFlows / 200);  // one in 1250, on average
}

TEST_CASE("kept endpoints: an endpoint of many flows pushes out no other", "[nat]") {
    const bool is_first = GENERATE(true, false);
    constexpr uint32_t kMany = 512;
    constexpr uint32_t kOthers = 384;  // three for each set
    Bench bench(1024);
    const auto open_others = [&] {
        for (uint32_t n = 1; n <= kOthers; ++n)
            bench.open(n, changed(n));
    };
    if (!is_first)
        open_others();
    for (uint32_t i = 0; i < kMany; ++i)
        bench.open(0, changed(0));
    if (is_first)
        open_others();
    for (uint32_t n = 0; n <= kOthers; ++n)
        CHECK(bench.find(n) == changed(n));
}

TEST_CASE("kept endpoints: of too many flows of an endpoint, those stay that would end last",
          "[nat]") {
    Bench bench(1024);
    bench.open(1, changed(1), kLong);
    for (int i = 0; i < 500; ++i)
        bench.open(1, changed(1));
    bench.now = bench.now + kShort;
    CHECK(bench.find(1) == changed(1));
}

TEST_CASE("kept endpoints: eight bytes a flow, and a page at least", "[nat]") {
    CHECK(KeptEndpoints::bytes_needed(1 << 20) == size_t{8} << 20);
    CHECK(KeptEndpoints::bytes_needed(1 << 28) == size_t{8} << 28);
    CHECK(KeptEndpoints::bytes_needed(1) == 4096);
}

TEST_CASE("kept endpoints: memory that is not to be had is a sentence", "[nat]") {
    const auto made = KeptEndpoints::create({.flows = 64, .numa_node = 4096});
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message.starts_with("what is kept of changed ports of 64 flows: "));
}

namespace {

struct Gate : Ground, Opener {
    Gate() : Ground({}, rule_with(1, pool::kAllPorts), 4096), Opener(static_cast<Ground&>(*this)) {}
};

}  // namespace

TEST_CASE("kept endpoints: an endpoint keeps its port however many flows change theirs",
          "[nat][linux]") {
    constexpr uint16_t kPorts = 40;
    Gate gate;
    for (uint16_t own = 5000; own < 5000 + kPorts; ++own)
        REQUIRE(gate.port(gate.open(host(0), own)) == own);
    const uint16_t kept = gate.port(gate.open(host(1), 5000));
    REQUIRE(kept != 5000);
    for (uint16_t own = 5000; own < 5000 + kPorts; ++own)
        for (uint32_t number = 2; number < 250; ++number) {
            const Opening other = gate.open(host(number), own);
            REQUIRE(gate.port(other) != own);
            gate.end(other);
        }
    CHECK(gate.port(gate.open(host(1), 5000, kOtherServer)) == kept);
}

}  // namespace kept_endpoints_test
