// SPDX-License-Identifier: BSD-3-Clause
#include "hosts/sweep.h"

#include "catch.h"

namespace sweep_test {

using namespace sluice;
using hosts::Sweep;

namespace {

constexpr Duration kPass = Duration::seconds(4);

/// How many of `entries` are due in a pass that is cut into turns of so many milliseconds.
uint32_t due_in_turns(uint32_t entries, int32_t turn) {
    Sweep sweep(kPass);
    Tick now{7};
    uint32_t due = sweep.due(entries, now);
    for (int32_t gone = 0; gone < kPass.milliseconds; gone += turn) {
        now = now + Duration{turn};
        due += sweep.due(entries, now);
    }
    return due;
}

}  // namespace

TEST_CASE("sweep: all entries are due in a pass, however many turns it has", "[hosts]") {
    for (const uint32_t entries : {1U, 3U, 4000U, (1U << 20) - 1}) {
        CAPTURE(entries);
        for (const int32_t turn : {1, 4, 100, 1000, 4000})
            CHECK(due_in_turns(entries, turn) == entries);
    }
}

TEST_CASE("sweep: none are due at first, and a part of them after a part of a pass", "[hosts]") {
    Sweep sweep(kPass);
    Tick now{1000};
    CHECK(sweep.due(100, now) == 0);
    CHECK(sweep.due(100, now = now + Duration::seconds(1)) == 25);
    CHECK(sweep.due(100, now) == 0);
    CHECK(sweep.due(100, now + Duration::seconds(2)) == 50);
}

TEST_CASE("sweep: turns within one tick have nothing to do but the first", "[hosts]") {
    constexpr uint32_t kMany = 1U << 20;
    Sweep sweep(kPass);
    Tick now{};
    sweep.due(kMany, now);
    for (int i = 0; i < 10; ++i) {
        now = now + Duration{1};
        CHECK(sweep.due(kMany, now) >= kMany / 4000);
        CHECK(sweep.due(kMany, now) == 0);
    }
}

TEST_CASE("sweep: no more are due than there are, however long nobody has asked", "[hosts]") {
    Sweep sweep(kPass);
    sweep.due(100, Tick{});
    CHECK(sweep.due(100, Tick{} + Duration::seconds(3600)) == 100);
    CHECK(sweep.due(100, Tick{} + Duration::seconds(3601)) == 25);
}

}  // namespace sweep_test
