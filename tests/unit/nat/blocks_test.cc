// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Blocks of ports for each inside host, as the allocator decides about them and ties make them.

#include "bench.h"
#include "catch.h"
#include "nat/allocator.h"

#include <set>
#include <vector>

namespace blocks_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using stats::Count;
using stats::Drop;

namespace {

constexpr uint16_t kSize = 64;

struct Bench : Ground, Opener {
    Bench(uint32_t addresses, pool::PortRange ports, BlockParams blocks, uint32_t flows = 4096)
        : Ground({.blocks = blocks}, rule_with(addresses, ports), flows),
          Opener(static_cast<Ground&>(*this)) {}

    std::optional<uint32_t> block(uint32_t number, uint16_t ordinal) {
        return find_holder(*table, block_keys(host(number), ordinal, {}).original, now);
    }
    net::Endpoint first(uint32_t index) {
        const net::Tuple& reply = table->record(index).key(net::Direction::Reply);
        return {reply.destination, reply.destination_port};
    }
    /// Opens `count` flows of a host toward one server.
    void fill(uint32_t number, unsigned count) {
        for (unsigned i = 0; i < count; ++i)
            while (true) {
                const Opening opening = open(host(number), static_cast<uint16_t>(5000 + i));
                if (opening.outcome == Opening::Outcome::Opened)
                    break;
                REQUIRE(opening.reason == Drop::PortsUnsearched);
            }
    }
};

}  // namespace

TEST_CASE("blocks: a host has so many, in order, and no more", "[nat][blocks]") {
    Bench bench(1, pool::kAllPorts, {kSize, 3});
    std::set<uint16_t> ports;
    for (uint16_t i = 0; i < 3 * kSize; ++i) {
        const uint16_t port = bench.port(bench.open(host(7), static_cast<uint16_t>(5000 + i)));
        CHECK(ports.insert(port).second);
        // A new one is taken when those before it are full, and not before.
        const auto block = bench.block(7, i / kSize);
        REQUIRE(block);
        const uint16_t first = bench.first(*block).port.host();
        CHECK(first % kSize == 0);
        CHECK((port >= first && port < first + kSize));
        CHECK_FALSE(bench.block(7, static_cast<uint16_t>(i / kSize + 1)));
    }
    CHECK(bench.open(host(7), 9000).reason == Drop::HostBlocks);
    // Toward another server the same ports are free.
    CHECK(ports.contains(bench.port(bench.open(host(7), 9000, kOtherServer))));
}

TEST_CASE("blocks: one that is given back leaves its place to the next", "[nat][blocks]") {
    Bench bench(1, pool::kAllPorts, {kSize, 2});
    std::vector<Opening> flows;
    for (uint16_t i = 0; i < 2 * kSize; ++i)
        flows.push_back(bench.open(host(7), static_cast<uint16_t>(5000 + i)));
    REQUIRE(bench.open(host(7), 9000).reason == Drop::HostBlocks);
    const auto block = bench.block(7, 0);
    REQUIRE(block);
    for (uint16_t i = 0; i < kSize; ++i)
        bench.end(flows[i]);
    bench.end(*block);
    CHECK_FALSE(bench.block(7, 0));
    CHECK(bench.open(host(7), 9000).outcome == Opening::Outcome::Opened);
    CHECK(bench.block(7, 0));
}

TEST_CASE("blocks: that they are used up is said of the first packet that finds no port",
          "[nat][blocks]") {
    // As many ports as one packet may look up, and more.
    const uint16_t size = GENERATE(uint16_t{64}, uint16_t{1024});
    Bench bench(1, pool::kAllPorts, {size, 4}, 8192);
    bench.fill(7, 4U * size);
    for (uint16_t own = 20'000; own < 20'076; ++own)
        CHECK(bench.open(host(7), own).reason == Drop::HostBlocks);
}

TEST_CASE("blocks: all of an address's are given out, each once", "[nat][blocks]") {
    Bench bench(1, {1024, 65535}, {kSize, 1});
    std::set<uint16_t> firsts;
    unsigned packets = 0;
    for (uint32_t number = 0; number < 1008; ++number) {
        Opening opening = bench.open(host(number), 5000);
        for (++packets; opening.outcome != Opening::Outcome::Opened; ++packets) {
            REQUIRE(opening.reason == Drop::PortsUnsearched);
            opening = bench.open(host(number), 5000);
        }
        const uint16_t first = bench.first(*bench.block(number, 0)).port.host();
        CHECK(first >= 1024);
        CHECK(firsts.insert(first).second);
    }
    CHECK(packets < 1008 + 300);
    Drop reason = Drop::PortsUnsearched;
    for (int i = 0; i < 25 && reason == Drop::PortsUnsearched; ++i)
        reason = bench.open(host(2000), 5000).reason;
    CHECK(reason == Drop::BlocksExhausted);
    CHECK(bench.exhaustion.read(0).packets == 1);
    CHECK(bench.exhaustion.read(0).destination == Be32{});
    CHECK(bench.open(host(2000), 5000).reason == Drop::BlocksExhausted);  // remembered
    // One comes back, and is found.
    const uint32_t back = *bench.block(500, 0);
    const net::Endpoint first = bench.first(back);
    bench.table->for_each_live(0, bench.table->capacity(), [&](uint32_t index, auto& record) {
        if (record.kind() == flow::Kind::Flow &&
            record.key(net::Direction::Original).source == host(500))
            bench.end(index);
    });
    bench.end(back);
    for (int i = 0; i < 25 && !bench.block(2000, 0); ++i) {
        bench.now = bench.now + Duration{1};
        bench.open(host(2000), 5000);
    }
    REQUIRE(bench.block(2000, 0));
    CHECK(bench.first(*bench.block(2000, 0)) == first);
}

TEST_CASE("blocks: a host goes on to its next address where its own has none", "[nat][blocks]") {
    Bench bench(2, {1024, 1024 + 4 * kSize - 1}, {kSize, 8});
    bench.fill(1, 8 * kSize);
    CHECK(bench.open(host(1), 20'000).reason == Drop::HostBlocks);
    const Be32 address = bench.first(*bench.block(1, 0)).address;
    for (uint16_t ordinal = 0; ordinal < 8; ++ordinal)
        CHECK((bench.first(*bench.block(1, ordinal)).address == address) == (ordinal < 4));
    CHECK(bench.counters.count[Count::AddressChanged].read() == 4);
    CHECK(bench.open(host(2), 5000).reason == Drop::BlocksExhausted);
}

TEST_CASE("blocks: a full table says so, and no block is left behind it", "[nat][blocks]") {
    Bench bench(1, pool::kAllPorts, {kSize, 8}, 2);
    CHECK(bench.open(host(1), 5000).outcome == Opening::Outcome::Opened);
    CHECK(bench.open(host(2), 5000).reason == Drop::TableFull);
    CHECK_FALSE(bench.block(2, 0));
}

}  // namespace blocks_test
