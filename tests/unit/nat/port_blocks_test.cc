// SPDX-License-Identifier: BSD-3-Clause
#include "nat/port_blocks.h"

#include "bench.h"
#include "catch.h"

#include <set>

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using Found = Searches::Outcome;
using stats::Drop;

namespace {

constexpr uint16_t kSize = 64;

struct Bench : Ground {
    Bench(uint32_t addresses, pool::PortRange ports, uint16_t per_host, uint32_t flows = 4096)
        : Ground({.blocks = {kSize, per_host}},
                 {.inside = {host(0), 16},
                  .addresses = {{test::ip("198.51.100.1"),
                                 Be32::from_host(test::ip("198.51.100.0").host() + addresses)}},
                  .ports = ports},
                 flows) {}

    /// The block in which the host's next port would be, if all it has are full.
    PortBlocks::Found next(Hands& hands, uint32_t number, std::vector<Block>* seen = nullptr) {
        const auto before = hands.counters.count[stats::Count::HoldersMade].read();
        const auto found = hands.blocks.find(rule, host(number), now, [&](const Block& block) {
            if (seen != nullptr)
                seen->push_back(block);
            const bool is_new = hands.counters.count[stats::Count::HoldersMade].read() != before;
            return is_new ? Found::Found : Found::Exhausted;
        });
        hands.member.quiescent();
        return found;
    }
    PortBlocks::Found next(uint32_t number) { return next(one, number); }
    pool::PortRange ports(uint32_t index) {
        const uint16_t first =
            table->record(index).key(net::Direction::Reply).destination_port.host();
        return {first, static_cast<uint16_t>(first + kSize - 1)};
    }

    Hands one{*this, 0};
    Hands other{*this, 1};
};

}  // namespace

TEST_CASE("port blocks: a host has so many, in order, and no more", "[nat][blocks]") {
    Bench bench(1, pool::kAllPorts, 3);
    std::vector<uint32_t> taken;
    for (int i = 0; i < 3; ++i) {
        const auto found = bench.next(7);
        REQUIRE(found.index);
        taken.push_back(*found.index);
    }
    std::vector<Block> seen;
    const auto none = bench.next(bench.other, 7, &seen);
    CHECK_FALSE(none.index);
    CHECK(none.reason == Drop::HostBlocks);
    REQUIRE(seen.size() == 3);
    for (size_t i = 0; i < 3; ++i) {
        CHECK(seen[i].index == taken[i]);
        CHECK(seen[i].ports == bench.ports(taken[i]));
        CHECK(seen[i].ports.first % kSize == 0);
        CHECK(seen[i].address == test::ip("198.51.100.1"));
    }
    // The one in the middle is given back: its place is taken by the next.
    REQUIRE(bench.one.member.kill(taken[1], bench.table->record(taken[1]).life.load()));
    const auto found = bench.next(7);
    REQUIRE(found.index);
    CHECK(bench.next(7).reason == Drop::HostBlocks);
}

TEST_CASE("port blocks: all of an address's are given out, each once", "[nat][blocks]") {
    Bench bench(1, {1024, 65535}, 1);
    std::set<uint16_t> firsts;
    unsigned packets = 0;
    for (uint32_t number = 0; number < 1008; ++number) {
        auto found = bench.next(number);
        for (++packets; !found.index; ++packets) {
            REQUIRE(found.reason == Drop::PortsUnsearched);
            found = bench.next(number);
        }
        const pool::PortRange ports = bench.ports(*found.index);
        CHECK(ports.first >= 1024);
        CHECK(firsts.insert(ports.first).second);
    }
    CHECK(packets < 1008 + 300);
    Drop reason = Drop::PortsUnsearched;
    for (int i = 0; i < 20 && reason == Drop::PortsUnsearched; ++i)
        reason = bench.next(2000).reason;
    CHECK(reason == Drop::BlocksExhausted);
    CHECK(bench.exhaustion.read(0).packets == 1);
    CHECK(bench.exhaustion.read(0).destination == Be32{});
    CHECK(bench.next(2000).reason == Drop::BlocksExhausted);  // remembered
    // One comes back, and is found.
    const auto back = bench.one.holders.find(block_keys(host(500), 0, {}).original, bench.now);
    REQUIRE(back);
    const pool::PortRange ports = bench.ports(*back);
    REQUIRE(bench.one.member.kill(*back, bench.table->record(*back).life.load()));
    PortBlocks::Found found = bench.next(2000);
    for (int i = 0; i < 20 && !found.index; ++i)
        found = bench.next(2000);
    REQUIRE(found.index);
    CHECK(bench.ports(*found.index) == ports);
}

TEST_CASE("port blocks: a host goes on to its next address where its own has none",
          "[nat][blocks]") {
    Bench bench(2, {1024, 1024 + 4 * kSize - 1}, 8);
    std::vector<Block> seen;
    for (int i = 0; i < 8; ++i)
        REQUIRE(bench.next(1).index);
    CHECK(bench.next(bench.one, 1, &seen).reason == Drop::HostBlocks);
    REQUIRE(seen.size() == 8);
    for (size_t i = 0; i < 8; ++i)
        CHECK((seen[i].address == seen[0].address) == (i < 4));
    CHECK(bench.one.counters.count[stats::Count::AddressChanged].read() == 4);
    CHECK(bench.next(2).reason == Drop::BlocksExhausted);
}

TEST_CASE("port blocks: a full table says so", "[nat][blocks]") {
    Bench bench(1, pool::kAllPorts, 8, 2);
    CHECK(bench.next(1).index);
    CHECK(bench.next(1).index);
    CHECK(bench.next(1).reason == Drop::TableFull);
}

TEST_CASE("port blocks: an unfinished search in one block takes another where there is one",
          "[nat][blocks]") {
    Bench bench(1, pool::kAllPorts, 2);
    const auto search = [&](const Block&) { return Found::Unfinished; };
    CHECK(bench.one.blocks.find(bench.rule, host(1), bench.now, search).reason ==
          Drop::PortsUnsearched);
    CHECK(bench.table->size() == 1);
    CHECK(bench.one.blocks.find(bench.rule, host(1), bench.now, search).reason ==
          Drop::PortsUnsearched);
    CHECK(bench.table->size() == 2);
    CHECK(bench.one.blocks.find(bench.rule, host(1), bench.now, search).reason ==
          Drop::PortsUnsearched);
    CHECK(bench.table->size() == 2);
}
