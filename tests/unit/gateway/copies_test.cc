// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/copies.h"

#include "../flow/flows.h"
#include "catch.h"

#include <cstdint>
#include <memory>
#include <new>
#include <optional>

namespace copies_test {

using namespace sluice;
using namespace sluice::gateway;
using namespace sluice::flow::testing;

namespace {

constexpr uint32_t kCapacity = 256;

struct Bench {
    Bench() { copies.begin_round(); }

    /// The n-th flow, which hangs on `holder` where there is one, is what the peer names by n.
    uint32_t put(uint32_t n, std::optional<uint32_t> holder = {}) {
        const uint32_t index = open(n, holder);
        copies.take(index);
        copies.name(*copies.named(n), index, 1);
        return index;
    }
    uint32_t open(uint32_t n, std::optional<uint32_t> holder, flow::Kind kind = flow::Kind::Flow) {
        uint32_t index = 0;
        REQUIRE(member.take({&index, 1}) == 1);
        flow::FlowRecord& record = table->record(index);
        net::Tuple first = original(n);
        net::Tuple second = reply(n);
        first.kind = second.kind = static_cast<uint8_t>(kind);
        fill(record, first, second, kNow + kLong);
        record.holder.take();
        if (kind != flow::Kind::Flow)
            new (record.tracker.data()) flow::Holding;
        if (holder)
            REQUIRE(member.hang(index, *holder));
        REQUIRE(member.insert(index, kNow).outcome == flow::InsertOutcome::Inserted);
        return index;
    }
    /// That the peer tells the n-th flow, by `name`, with such a link.
    bool claim(uint32_t n, uint32_t name, uint32_t link = 0) {
        flow::FlowRecord candidate{};
        fill(candidate, original(n), reply(n), kNow + kLong);
        sync::Record told;
        told.index = name;
        told.generation = 7;
        told.holder = link;
        copies.claim(*copies.named(name), told, candidate, kNow);
        return copies.stands(*copies.named(name));
    }
    unsigned sweep(uint32_t records) {
        copies.begin_sweep();
        unsigned steps = 1;
        while (!copies.sweep(member, records))
            ++steps;
        return steps;
    }

    std::unique_ptr<flow::FlowTable> table = make_table(kCapacity);
    flow::Member member{*table};
    Copies copies{*table};
};

}  // namespace

TEST_CASE("copies: what was not told in a round is swept away, in slices", "[gateway]") {
    Bench bench;
    for (uint32_t n = 0; n < 100; ++n)
        bench.put(n);
    bench.sweep(kCapacity);
    CHECK(bench.table->size() == 100);
    bench.copies.begin_round();
    for (uint32_t n = 0; n < 40; ++n)
        bench.copies.renew(*bench.copies.named(n));
    CHECK(bench.sweep(10) > kCapacity / 10);
    CHECK(bench.table->size() == 40);
    CHECK(bench.copies.stands(*bench.copies.named(39)));
    CHECK_FALSE(bench.copies.stands(*bench.copies.named(40)));
}

TEST_CASE("copies: a sweep ends what others hang on behind them", "[gateway]") {
    Bench bench;
    const uint32_t block = bench.open(100, {}, flow::Kind::Block);
    const uint32_t mapping = bench.open(101, block, flow::Kind::Mapping);
    bench.copies.name(*bench.copies.named(0), block, 1);
    bench.copies.name(*bench.copies.named(1), mapping, 1);
    bench.put(2, mapping);
    SECTION("as twins") {
        bench.copies.begin_round();
    }
    SECTION("as strays") {
        bench.copies.change_teller();
        bench.copies.begin_round();
    }
    bench.sweep(7);
    CHECK(bench.table->size() == 0);
}

TEST_CASE("copies: twins are of one teller, and another's are found by their tuples", "[gateway]") {
    Bench bench;
    bench.put(1);
    bench.put(2);
    const uint32_t own = bench.put(3);
    bench.copies.change_teller();
    bench.copies.begin_round();
    CHECK_FALSE(bench.copies.stands(*bench.copies.named(3)));
    CHECK_FALSE(bench.copies.own_of(4));
    CHECK(bench.claim(3, 200));
    CHECK(bench.copies.own_of(201) == own);
    CHECK_FALSE(bench.claim(9, 201));
    bench.sweep(kCapacity);
    CHECK(bench.table->size() == 1);
    CHECK(bench.table->find(original(3), kNow));
    CHECK(bench.copies.named(kCapacity) == nullptr);
}

TEST_CASE("copies: a stray that hangs on something else is another record", "[gateway]") {
    Bench bench;
    const uint32_t block = bench.open(100, {}, flow::Kind::Block);
    const uint32_t other = bench.open(101, {}, flow::Kind::Block);
    bench.put(1, block);
    bench.put(2);
    bench.copies.change_teller();
    bench.copies.begin_round();
    bench.copies.name(*bench.copies.named(50), block, 7);
    bench.copies.name(*bench.copies.named(51), other, 7);
    CHECK_FALSE(bench.claim(1, 60));
    CHECK_FALSE(bench.claim(1, 60, 52));
    CHECK_FALSE(bench.claim(1, 60, 53));  // nothing is named so
    CHECK(bench.claim(1, 60, 51));
    CHECK_FALSE(bench.claim(2, 61, 51));
    CHECK(bench.claim(2, 61));
}

TEST_CASE("copies: where there are none, none stands", "[gateway]") {
    Bench bench;
    bench.put(1);
    bench.copies.clear();
    CHECK_FALSE(bench.copies.stands(*bench.copies.named(1)));
    bench.copies.begin_round();
    bench.copies.end_strays(bench.member, [](const flow::FlowRecord&) { return true; });
    CHECK_FALSE(bench.claim(1, 5));
    CHECK(bench.table->size() == 1);
}

TEST_CASE("copies: those alone end of which it is so, in slices", "[gateway]") {
    Bench bench;
    bench.put(1);
    bench.copies.change_teller();
    bench.copies.begin_round();
    bench.put(2);
    bench.put(3);
    const auto is_over = [](const flow::FlowRecord& record) {
        return record.tuple[0] != original(3);
    };
    bench.copies.begin_sweep();
    unsigned steps = 1;
    while (!bench.copies.end_those(bench.member, is_over, 10))
        ++steps;
    CHECK(steps > 2 * kCapacity / 10);  // strays, and twins
    CHECK(bench.table->size() == 1);
    CHECK(bench.copies.stands(*bench.copies.named(3)));
    CHECK(bench.copies.end(*bench.copies.named(3), bench.member));
    CHECK(bench.table->size() == 0);
}

}  // namespace copies_test
