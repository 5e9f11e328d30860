// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/strays.h"

#include "../flow/flows.h"
#include "catch.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

namespace strays_test {

using namespace sluice;
using namespace sluice::gateway;
using namespace sluice::flow::testing;

namespace {

struct Bench {
    explicit Bench(uint32_t capacity = 64) : table(make_table(capacity)) {}

    std::unique_ptr<flow::FlowTable> table;
    flow::Member member{*table};
    Strays strays{*table};

    uint32_t open(uint32_t n) { return flow::testing::open(*table, member, n).holder.index(); }
    std::optional<uint32_t> find(const net::Tuple& original, const net::Tuple& reply) {
        flow::FlowRecord told{};
        fill(told, original, reply, kNow);
        return strays.find(told, kNow);
    }
    void end_all() {
        strays.end(0, table->capacity(), member, [](const flow::FlowRecord&) { return true; });
    }
};

}  // namespace

TEST_CASE("strays: what is told again by its tuples is the record that is there", "[gateway]") {
    Bench bench;
    const uint32_t first = bench.open(1);
    bench.open(2);
    CHECK_FALSE(bench.find(original(1), reply(1)));  // there are none yet
    bench.strays.begin();
    CHECK(bench.find(original(1), reply(1)) == first);
    bench.strays.forget(first);
    CHECK_FALSE(bench.find(original(1), reply(1)));
    CHECK_FALSE(bench.find(original(2), reply(7)));
    CHECK_FALSE(bench.find(original(9), reply(9)));
    bench.strays.forget(bench.open(3));
    CHECK_FALSE(bench.find(original(3), reply(3)));
    bench.end_all();
    CHECK(bench.table->size() == 2);
    CHECK_FALSE(bench.table->find(original(2), kNow));
}

TEST_CASE("strays: those alone end of which it is so", "[gateway]") {
    Bench bench;
    for (uint32_t n = 0; n < 10; ++n)
        bench.open(n);
    bench.strays.begin();
    const auto is_fourth = [](const flow::FlowRecord& record) {
        return record.tuple[0] == original(4);
    };
    CHECK(bench.strays.end(0, 64, bench.member, is_fourth));
    CHECK(bench.table->size() == 9);
    CHECK_FALSE(bench.strays.end(0, 64, bench.member, is_fourth));
    bench.strays.clear();
    bench.end_all();
    CHECK(bench.table->size() == 9);
}

TEST_CASE("strays: of a slice those alone end that are in it", "[gateway]") {
    Bench bench(200);
    for (uint32_t n = 0; n < 150; ++n)
        bench.open(n);
    bench.strays.begin();
    std::vector<uint32_t> ended(200);
    const auto count = [&](const flow::FlowRecord& record) {
        ++ended[static_cast<size_t>(&record - &bench.table->record(0))];
        return true;
    };
    const uint32_t steps[] = {0, 1, 63, 64, 65, 130, 199, 300};
    for (size_t i = 1; i < std::size(steps); ++i) {
        bench.strays.end(steps[i - 1], steps[i], bench.member, count);
        for (uint32_t index = 0; index < 200; ++index)
            CHECK((ended[index] == 0 || index < steps[i]));
    }
    CHECK(bench.table->size() == 0);
    CHECK(std::count(ended.begin(), ended.end(), 1u) == 150);
}

TEST_CASE("strays: a record that is put to another use is none", "[gateway]") {
    Bench bench;
    const uint32_t index = bench.open(1);
    bench.open(2);
    bench.strays.begin();
    bench.strays.forget(index);
    bench.strays.forget(index);
    bench.end_all();
    CHECK(bench.table->size() == 1);
    CHECK(bench.table->find(original(1), kNow));
}

}  // namespace strays_test
