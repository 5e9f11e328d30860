// SPDX-License-Identifier: BSD-3-Clause
#include "nat/holders.h"

#include "bench.h"
#include "catch.h"

namespace holders_test {

using namespace sluice;
using namespace sluice::nat;
using namespace sluice::nat::testing;
using Made = Holders::Made::Result;

namespace {

constexpr auto kUdp = net::Protocol::Udp;
const net::Endpoint kInside = endpoint("10.1.0.10", 5000);
const net::Endpoint kExternal = endpoint("198.51.100.1", 5000);

struct Bench : Ground {
    explicit Bench(const HolderParams& holders = {})
        : Ground(holders,
                 {.inside = {host(0), 16}, .addresses = {{kExternal.address, kExternal.address}}},
                 64) {}

    uint32_t make(const HolderKeys& keys, const Holders::Terms& terms = {}) {
        const auto made = one.holders.make(keys, terms, now);
        REQUIRE(made.result == Made::New);
        return made.index;
    }
    /// A record that is to be a flow, and hangs on these.
    uint32_t hang(std::initializer_list<uint32_t> holders) {
        uint32_t index = 0;
        REQUIRE(one.member.take({&index, 1}) == 1);
        for (const uint32_t holder : holders)
            REQUIRE(one.member.hang(index, holder));
        return index;
    }
    bool kill(uint32_t index) { return one.member.kill(index, table->record(index).life.load()); }

    Hands one{*this, 0};
    Hands other{*this, 1};
};

}  // namespace

TEST_CASE("holders: an endpoint has one holder, and a holder one endpoint", "[nat]") {
    Bench bench;
    const uint32_t index = bench.make(mapping_keys(kUdp, kInside, kExternal));
    const auto again = bench.other.holders.make(
        mapping_keys(kUdp, kInside, endpoint("198.51.100.1", 1)), {}, bench.now);
    CHECK(again.result == Made::Existing);
    CHECK(again.index == index);
    CHECK(bench.other.holders
              .make(mapping_keys(kUdp, endpoint("10.1.0.11", 1), kExternal), {}, bench.now)
              .result == Made::Taken);
    CHECK(bench.other.holders
              .make(mapping_keys(net::Protocol::Tcp, kInside, kExternal), {}, bench.now)
              .result == Made::New);
    CHECK(find_holder(*bench.table, mapping_keys(kUdp, {}, kExternal).reply, bench.now) == index);
    CHECK(find_holder(*bench.table, mapping_keys(kUdp, kInside, {}).original, bench.now) == index);
    // No packet's tuple finds it.
    net::Tuple packet = mapping_keys(kUdp, {}, kExternal).reply;
    packet.kind = 0;
    CHECK_FALSE(bench.table->find(packet, bench.now));
}

TEST_CASE("holders: what others hang on does not end before them", "[nat]") {
    Bench bench;
    const uint32_t block = bench.make(block_keys(kInside.address, 0, kExternal));
    const uint32_t mapping = bench.make(mapping_keys(kUdp, kInside, kExternal), {.parent = block});
    const uint32_t peer =
        bench.make(mapping_keys(kUdp, endpoint("10.1.0.11", 1), endpoint("198.51.100.1", 1)));
    const uint32_t contact = bench.make(
        contact_keys(kUdp, kInside, endpoint("198.51.100.1", 1), kExternal), {.parent = mapping});
    const uint32_t flow = bench.hang({contact, peer});
    const uint32_t to_peer = bench.hang({peer});
    for (const uint32_t held : {block, mapping, contact, peer})
        CHECK_FALSE(bench.kill(held));
    bench.one.member.give_back({&flow, 1});
    CHECK_FALSE(bench.kill(mapping));
    CHECK(bench.kill(contact));
    CHECK_FALSE(bench.kill(peer));
    bench.one.member.give_back({&to_peer, 1});
    CHECK(bench.kill(peer));
    CHECK_FALSE(bench.kill(block));
    CHECK(bench.kill(mapping));
    CHECK(bench.kill(block));
    CHECK(bench.one.holders
              .make(contact_keys(kUdp, kInside, kInside, kExternal), {.parent = mapping}, bench.now)
              .result == Made::ParentEnded);
    CHECK(bench.table->size() == 0);
}

TEST_CASE("holders: nothing hangs on a claim that may still fail", "[nat]") {
    Bench bench;
    uint32_t pending = 0;
    REQUIRE(bench.other.member.take({&pending, 1}) == 1);
    flow::FlowRecord& record = bench.table->record(pending);
    const HolderKeys keys = mapping_keys(kUdp, kInside, kExternal);
    record.tuple = {keys.original, keys.reply};
    new (record.tracker.data()) flow::Holding;
    CHECK(bench.one.holders
              .make(contact_keys(kUdp, kInside, kInside, kExternal), {.parent = pending}, bench.now)
              .result == Made::ParentEnded);
    CHECK(record.holding().dependents.load() == 0);
    bench.other.member.give_back({&pending, 1});
}

TEST_CASE("holders: a refresh keeps a holder and what it hangs on, but no block", "[nat]") {
    Bench bench;
    const uint32_t block = bench.make(block_keys(kInside.address, 0, kExternal));
    const uint32_t mapping = bench.make(mapping_keys(kUdp, kInside, kExternal), {.parent = block});
    const uint32_t contact = bench.make(
        contact_keys(kUdp, kInside, endpoint("203.0.113.1", 0), kExternal), {.parent = mapping});
    const Tick before = bench.table->record(block).deadline.load();
    const uint32_t peer =
        bench.make(mapping_keys(kUdp, endpoint("10.1.0.11", 1), endpoint("198.51.100.1", 1)));
    bench.now = bench.now + Duration::seconds(200);
    bench.one.holders.refresh(bench.hang({contact, peer}), bench.now);
    const Tick later = bench.now + Duration::seconds(299);
    CHECK(find_holder(*bench.table, mapping_keys(kUdp, {}, kExternal).reply, later) == mapping);
    for (const uint32_t held : {contact, peer})
        CHECK_FALSE(is_resting(bench.table->record(held), bench.holder_params, later));
    CHECK(bench.table->record(block).deadline.load() == before);
    CHECK(find_holder(*bench.table, block_keys(kInside.address, 0, {}).original, later) == block);
}

TEST_CASE("holders: one that rests is found, and revived by a refresh", "[nat]") {
    Bench bench({.mapping_timeout = Duration::seconds(10), .port_hold = Duration::seconds(20)});
    const net::Tuple key = mapping_keys(kUdp, {}, kExternal).reply;
    const uint32_t rests = bench.make(mapping_keys(kUdp, kInside, kExternal), {.rests = true});
    const uint32_t ends = bench.make(mapping_keys(net::Protocol::Tcp, kInside, kExternal));
    const Tick start = bench.now;
    CHECK_FALSE(
        is_resting(bench.table->record(rests), bench.holder_params, start + Duration{9'999}));
    CHECK(
        is_resting(bench.table->record(rests), bench.holder_params, start + Duration::seconds(10)));
    CHECK(
        is_resting(bench.table->record(ends), bench.holder_params, start + Duration::seconds(10)));
    CHECK(find_holder(*bench.table, key, start + Duration{29'999}) == rests);
    CHECK_FALSE(find_holder(*bench.table, key, start + Duration::seconds(30)));
    bench.now = start + Duration::seconds(29);
    CHECK(bench.other.holders
              .make(mapping_keys(kUdp, endpoint("10.1.0.11", 1), kExternal), {}, bench.now)
              .result == Made::Taken);
    bench.one.holders.refresh(bench.hang({rests}), bench.now);
    CHECK_FALSE(is_resting(bench.table->record(rests), bench.holder_params,
                           bench.now + Duration::seconds(10)));
    CHECK(find_holder(*bench.table, key, bench.now + Duration::seconds(30)) == rests);
}

TEST_CASE("holders: what a flow hangs on has left what came from inside has given it", "[nat]") {
    Bench bench({.mapping_timeout = Duration::seconds(10), .port_hold = Duration::seconds(20)});
    const uint32_t mapping = bench.make(mapping_keys(kUdp, kInside, kExternal), {.rests = true});
    const uint32_t flow = bench.hang({mapping});
    const flow::FlowRecord& record = bench.table->record(flow);
    const Tick start = bench.now;
    CHECK(bench.one.holders.left(record, start) == Duration::seconds(10));
    CHECK(bench.one.holders.left(record, start + Duration{9'999}) == Duration{1});
    CHECK(bench.one.holders.left(record, start + Duration::seconds(10)) == Duration{});

    // Nothing, once it stands for flows from outside alone; until something comes from inside.
    bench.table->record(mapping).state.fetch_or(kOutlived);
    CHECK(bench.one.holders.left(record, start) == Duration{});
    CHECK(is_resting(bench.table->record(mapping), bench.holder_params, start));
    bench.one.holders.refresh(flow, start);
    CHECK_FALSE(is_resting(bench.table->record(mapping), bench.holder_params, start));
    CHECK(bench.one.holders.left(record, start) >= Duration::seconds(10));
    bench.one.member.give_back({&flow, 1});
}

TEST_CASE("holders: flows of outside hosts are counted among those that hang on one", "[nat]") {
    Bench bench;
    const uint32_t mapping = bench.make(mapping_keys(kUdp, kInside, kExternal));
    const flow::Holding& holding = bench.table->record(mapping).holding();
    uint32_t flow = 0;
    REQUIRE(bench.one.member.take({&flow, 1}) == 1);
    bench.table->record(flow).tuple = {};
    bench.table->record(flow).sides = net::Sides(net::Side::Outside, net::Side::Inside);
    REQUIRE(bench.one.member.hang(flow, mapping));
    const uint32_t own = bench.hang({mapping});
    CHECK(holding.dependents.load() == 2);
    CHECK(holding.strangers.load() == 1);
    bench.one.member.give_back({&flow, 1});
    CHECK(holding.strangers.load() == 0);
    bench.one.member.give_back({&own, 1});
    CHECK(holding.dependents.load() == 0);
}

}  // namespace holders_test
