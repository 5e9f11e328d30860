// SPDX-License-Identifier: BSD-3-Clause
#include "pool/draws.h"

#include "catch.h"

#include <array>
#include <set>

using namespace sluice;
using pool::Draws;

TEST_CASE("draws: all numbers below the count come, and no other", "[pool]") {
    const Draws draws({1, 2, 3, 4});
    for (const uint32_t count : {1U, 2U, 100U, 65'536U}) {
        std::set<uint32_t> seen;
        for (uint64_t n = 0; n < 20ULL * count; ++n) {
            const uint32_t number = draws.below(count, 7, n);
            REQUIRE(number < count);
            seen.insert(number);
        }
        CHECK(seen.size() == count);
    }
}

TEST_CASE("draws: they depend on the secret, the worker, the decision and the draw", "[pool]") {
    const Draws one({1, 2, 3, 4}), other({1, 2, 3, 5});
    std::array<unsigned, 4> same{};
    for (uint64_t n = 0; n < 10'000; ++n) {
        const uint32_t number = one.below(1024, Draws::decision(0, n), 0);
        same[0] += number == other.below(1024, Draws::decision(0, n), 0);
        same[1] += number == one.below(1024, Draws::decision(1, n), 0);
        same[2] += number == one.below(1024, Draws::decision(0, n + 1), 0);
        same[3] += number == one.below(1024, Draws::decision(0, n), 1);
    }
    for (const unsigned count : same)
        CHECK(count < 30);  // ten are expected
}
