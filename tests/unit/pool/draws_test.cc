// SPDX-License-Identifier: BSD-3-Clause
#include "pool/draws.h"

#include "catch.h"

#include <array>
#include <set>

namespace draws_test {

using namespace sluice;
using pool::Draw;
using pool::Draws;

namespace {

net::Tuple flow(uint32_t host) {
    return {Be32::from_host(0x0a010000 + host),
            Be32::from_host(0xcb007163),
            Be16::from_host(5000),
            Be16::from_host(53),
            net::Protocol::Udp,
            {}};
}

}  // namespace

TEST_CASE("draws: all numbers below the count come, and no other", "[pool]") {
    const Draws draws({1, 2, 3, 4});
    for (const uint32_t count : {1U, 2U, 100U, 65'536U}) {
        std::set<uint32_t> seen;
        Draw draw{flow(1), Tick{7}};
        for (uint32_t n = 0; n < 20 * count; ++n) {
            const uint32_t number = draws.below(count, draw);
            REQUIRE(number < count);
            seen.insert(number);
        }
        CHECK(seen.size() == count);
    }
}

TEST_CASE("draws: they depend on the secret, the flow, the moment and their number", "[pool]") {
    const Draws one({1, 2, 3, 4}), other({1, 2, 3, 5});
    const auto drawn = [](const Draws& draws, Draw draw) { return draws.below(1024, draw); };
    std::array<unsigned, 4> same{};
    for (uint32_t n = 0; n < 10'000; ++n) {
        const Draw draw{flow(n), Tick{n}};
        const uint32_t number = drawn(one, draw);
        CHECK(number == drawn(one, draw));
        same[0] += number == drawn(other, draw);
        same[1] += number == drawn(one, {flow(n + 1), Tick{n}});
        same[2] += number == drawn(one, {flow(n), Tick{n + 1}});
        same[3] += number == drawn(one, {flow(n), Tick{n}, 1});
    }
    for (const unsigned count : same)
        CHECK(count < 30);  // ten are expected
}

}  // namespace draws_test
