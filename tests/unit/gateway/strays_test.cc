// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/strays.h"

#include "../flow/flows.h"
#include "catch.h"

namespace strays_test {

using namespace sluice;
using namespace sluice::gateway;
using namespace sluice::flow::testing;

namespace {

struct Bench {
    std::unique_ptr<flow::FlowTable> table = make_table(64);
    flow::Member member{*table};
    Strays strays{*table};

    uint32_t open(uint32_t n) { return flow::testing::open(*table, member, n).holder.index(); }
    std::optional<uint32_t> claim(const net::Tuple& original, const net::Tuple& reply) {
        flow::FlowRecord told{};
        fill(told, original, reply, kNow);
        return strays.claim(told, kNow);
    }
    void end_all() {
        strays.end(member, [](const flow::FlowRecord&) { return true; });
    }
};

}  // namespace

TEST_CASE("strays: what is told again by its tuples is the record that is there", "[gateway]") {
    Bench bench;
    const uint32_t first = bench.open(1);
    bench.open(2);
    CHECK_FALSE(bench.claim(original(1), reply(1)));  // there are none yet
    bench.strays.begin();
    CHECK(bench.claim(original(1), reply(1)) == first);
    CHECK_FALSE(bench.claim(original(1), reply(1)));  // it is none any more
    CHECK_FALSE(bench.claim(original(2), reply(7)));
    CHECK_FALSE(bench.claim(original(9), reply(9)));
    bench.open(3);
    CHECK_FALSE(bench.claim(original(3), reply(3)));
    bench.end_all();
    CHECK(bench.table->size() == 2);
    CHECK_FALSE(bench.table->find(original(2), kNow));
}

TEST_CASE("strays: those alone end of which it is so", "[gateway]") {
    Bench bench;
    for (uint32_t n = 0; n < 10; ++n)
        bench.open(n);
    bench.strays.begin();
    bench.strays.end(bench.member,
                     [](const flow::FlowRecord& record) { return record.tuple[0] == original(4); });
    CHECK(bench.table->size() == 9);
    bench.strays.clear();
    bench.end_all();
    CHECK(bench.table->size() == 9);
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
