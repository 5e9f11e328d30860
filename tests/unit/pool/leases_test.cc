// SPDX-License-Identifier: BSD-3-Clause
#include "pool/leases.h"

#include "catch.h"

#include <set>
#include <vector>

using namespace sluice;
using pool::Blocks;
using pool::kBlockPorts;
using pool::kBlocksPerLease;
using pool::Leases;

namespace {

constexpr Tick kNow{1000};

std::vector<pool::PortRange> slots(size_t count) {
    return std::vector(count, pool::kAllPorts);
}

}  // namespace

TEST_CASE("leases: every worker has a block of every address from the start", "[pool]") {
    const Leases leases(4, slots(3), 1);
    for (unsigned worker = 0; worker < 4; ++worker)
        for (uint32_t address = 0; address < 3; ++address) {
            const Blocks blocks = leases.blocks(worker, address);
            REQUIRE(blocks.count == 1);
            CHECK(blocks.range[0].size() == kBlockPorts);
            CHECK(blocks.range[0].first >= 1024);
        }
}

TEST_CASE("leases: no two workers search the same block of an address", "[pool]") {
    Leases leases(16, slots(2), 1);
    for (unsigned round = 0; round < 10; ++round) {
        for (unsigned worker = 0; worker < 16; ++worker)
            leases.missed(worker, 1);
        leases.turn(1000, kNow);
        std::set<uint16_t> firsts;
        for (unsigned worker = 0; worker < 16; ++worker) {
            const Blocks blocks = leases.blocks(worker, 1);
            for (unsigned i = 0; i < blocks.count; ++i)
                CHECK(firsts.insert(blocks.range[i].first).second);
        }
    }
}

TEST_CASE("leases: who misses gets another block, up to four, then other ones", "[pool]") {
    Leases leases(1, slots(1), 1);
    for (unsigned count = 2; count <= kBlocksPerLease; ++count) {
        leases.missed(0, 0);
        leases.turn(1, kNow);
        CHECK(leases.blocks(0, 0).count == count);
    }
    const uint16_t newest = leases.blocks(0, 0).range[0].first;
    leases.missed(0, 0);
    leases.turn(1, kNow);
    CHECK(leases.blocks(0, 0).count == kBlocksPerLease);
    CHECK(leases.blocks(0, 0).range[0].first != newest);
    CHECK(leases.blocks(0, 0).range[1].first == newest);
}

TEST_CASE("leases: who does not miss keeps what it has", "[pool]") {
    Leases leases(2, slots(1), 1);
    const uint16_t first = leases.blocks(1, 0).range[0].first;
    leases.missed(0, 0);
    leases.turn(10, kNow);
    leases.turn(10, kNow);
    CHECK(leases.blocks(0, 0).count == 2);
    CHECK(leases.blocks(1, 0).count == 1);
    CHECK(leases.blocks(1, 0).range[0].first == first);
}

TEST_CASE("leases: blocks are cut from the ports of the pool", "[pool]") {
    const std::vector<pool::PortRange> ports{{2000, 2191}, {3000, 3062}, {1, 1023}};
    Leases leases(5, ports, 1);
    for (unsigned worker = 0; worker < 5; ++worker) {
        const Blocks blocks = leases.blocks(worker, 0);
        REQUIRE(blocks.count == 1);
        CHECK(blocks.range[0].first >= 2000);
        CHECK(blocks.range[0].last <= 2191);
        CHECK(leases.blocks(worker, 1).count == 0);  // one port short of a block
        CHECK(leases.blocks(worker, 2).count == 0);
    }
}

TEST_CASE("leases: who finds it tight gets a block before there is need", "[pool]") {
    Leases leases(1, slots(1), 1);
    leases.found(0, 0, false);
    leases.turn(10, kNow);
    CHECK(leases.blocks(0, 0).count == 1);
    leases.found(0, 0, true);
    leases.turn(10, kNow);
    CHECK(leases.blocks(0, 0).count == 2);
}

TEST_CASE("leases: idle blocks go back one after the other, the last one stays", "[pool]") {
    Leases leases(2, slots(1), 1);
    for (int i = 0; i < 3; ++i) {
        leases.missed(0, 0);
        leases.turn(10, kNow);
    }
    const Blocks before = leases.blocks(0, 0);
    REQUIRE(before.count == 4);
    Tick now = kNow + pool::kIdleLease;
    leases.found(0, 0, false);  // used again, just in time
    leases.turn(10, now);
    CHECK(leases.blocks(0, 0).count == 4);
    for (const unsigned left : {3u, 2u, 1u, 1u}) {
        now = now + pool::kIdleLease;
        leases.turn(10, now);
        const Blocks blocks = leases.blocks(0, 0);
        REQUIRE(blocks.count == left);
        CHECK(blocks.range[0] == before.range[0]);  // the newest
    }
    CHECK(leases.blocks(1, 0).count == 1);
}
