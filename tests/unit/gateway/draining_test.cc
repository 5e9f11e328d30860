// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/draining.h"

#include "catch.h"
#include "fixed_policy.h"
#include "testing/no_memory.h"

#include <memory>

namespace draining_test {

using namespace sluice;
using namespace sluice::gateway;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Pointers = std::vector<Policies::Pointer>;

Policies::Pointer some_policy() {
    const auto fixed = std::make_shared<test::FixedPolicy>();
    return {fixed, &fixed->policy};
}

/// Reloads with --drain-time 160, unless a test says otherwise; times are since the first.
struct Bench {
    Draining draining;
    Draining::Clock::time_point start{seconds(1000)};

    Policies::Pointer reload(milliseconds at, seconds patience = seconds(160)) {
        Policies::Pointer policy = some_policy();
        draining.begin(policy, start + at, patience);
        return policy;
    }
    Pointers due_at(milliseconds at) { return draining.take_due(start + at); }
    bool is_due_at(milliseconds at) const { return draining.due() == start + at; }
};

}  // namespace

TEST_CASE("draining: flows end once, when the time of their reload is over", "[gateway]") {
    Bench bench;
    CHECK_FALSE(bench.draining.due());
    CHECK(bench.due_at(seconds(0)).empty());
    const auto policy = bench.reload(seconds(0));
    CHECK(bench.is_due_at(seconds(160)));
    CHECK(bench.due_at(milliseconds(159'999)).empty());
    CHECK(bench.due_at(seconds(160)) == Pointers{policy});
    CHECK_FALSE(bench.draining.due());
    CHECK(bench.due_at(seconds(1000)).empty());
}

TEST_CASE("draining: where room has been made a reload takes no memory", "[gateway]") {
    Bench bench;
    const auto first = bench.reload(seconds(0));
    const auto second = some_policy();
    bench.draining.make_room();
    {
        const test::NoMemory none;
        bench.draining.begin(second, bench.start + seconds(100), seconds(160));
    }
    CHECK(bench.due_at(seconds(160)) == Pointers{first, second});
}

TEST_CASE("draining: what was due stays due, and what comes later has all of its time",
          "[gateway]") {
    Bench bench;
    const auto first = bench.reload(seconds(0));
    const auto second = bench.reload(seconds(100));
    const auto third = bench.reload(seconds(150));
    CHECK(bench.is_due_at(seconds(160)));
    CHECK(bench.due_at(seconds(160)) == Pointers{first, second, third});
    CHECK(bench.is_due_at(seconds(260)));
    const auto fourth = bench.reload(seconds(200));
    CHECK(bench.due_at(seconds(260)) == Pointers{second, third, fourth});
    CHECK(bench.due_at(seconds(361)) == Pointers{fourth});  // the third's time is over, too
    CHECK_FALSE(bench.draining.due());
}

TEST_CASE("draining: a sixteenth of its time is the most by which an end is put off", "[gateway]") {
    Bench bench;
    Policies::Pointer last;
    for (int at = 0; at <= 10; ++at)
        last = bench.reload(seconds(at));
    CHECK(bench.is_due_at(seconds(170)));
    const auto next = bench.reload(milliseconds(10'001));
    CHECK(bench.is_due_at(seconds(170)));
    CHECK(bench.due_at(seconds(170)) == Pointers{last, next});
    CHECK(bench.is_due_at(milliseconds(170'001)));
}

TEST_CASE("draining: however often somebody reloads, flows end and few policies are kept",
          "[gateway]") {
    Bench bench;
    std::vector<std::weak_ptr<const policy::Policy>> all;
    unsigned ends = 0;
    for (int at = 0; at < 1600; ++at) {
        all.push_back(bench.reload(seconds(at)));
        ends += !bench.due_at(seconds(at)).empty();
        size_t kept = 0;
        for (const auto& policy : all)
            kept += !policy.expired();
        REQUIRE(kept <= 17);
    }
    CHECK(ends > 100);
}

TEST_CASE("draining: a shorter time holds for what is due already, a longer one does not",
          "[gateway]") {
    Bench bench;
    const auto first = bench.reload(seconds(0));
    const auto longer = bench.reload(seconds(1), seconds(86'400));
    CHECK(bench.is_due_at(seconds(160)));
    CHECK(bench.due_at(seconds(160)) == Pointers{first, longer});
    const auto shorter = bench.reload(seconds(200), seconds(10));
    CHECK(bench.is_due_at(seconds(210)));
    CHECK(bench.due_at(seconds(210)) == Pointers{shorter});
    CHECK_FALSE(bench.draining.due());
}

TEST_CASE("draining: nothing is due any more where flows are to go on", "[gateway]") {
    Bench bench;
    bench.reload(seconds(0));
    bench.draining.stop();
    CHECK_FALSE(bench.draining.due());
    CHECK(bench.due_at(seconds(160)).empty());
}

}  // namespace draining_test
