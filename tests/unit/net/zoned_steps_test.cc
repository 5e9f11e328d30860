// SPDX-License-Identifier: BSD-3-Clause
#include "net/zoned_steps.h"

#include "catch.h"
#include "net/text.h"

#include <random>
#include <vector>

namespace zoned_steps_test {

using namespace sluice;
using namespace sluice::net;

namespace {

ZonedPrefix prefix(const char* text, uint32_t value, std::optional<uint16_t> zone = {}) {
    return {*parse_prefix(text), value, zone};
}

InsideAddress address(const char* text, uint16_t zone = 0) {
    return {*parse_address(text), zone};
}

/// By looking at all of them.
uint32_t plain_search(const std::vector<ZonedPrefix>& prefixes, InsideAddress wanted) {
    const ZonedPrefix* best = nullptr;
    for (const ZonedPrefix& one : prefixes) {
        if (!one.prefix.contains(wanted.address) || one.zone.value_or(wanted.zone) != wanted.zone)
            continue;
        const bool is_better =
            best == nullptr || one.prefix.length > best->prefix.length ||
            (one.prefix.length == best->prefix.length && one.zone && !best->zone);
        if (is_better)
            best = &one;
    }
    return best == nullptr ? kNone : best->value;
}

}  // namespace

TEST_CASE("zoned steps: none hold nothing", "[net][zones]") {
    CHECK(ZonedSteps().find(address("10.0.0.1")) == kNone);
    CHECK(ZonedSteps(std::vector<ZonedPrefix>{}).find(address("10.0.0.1", 5)) == kNone);
}

TEST_CASE("zoned steps: what names no zone holds in every one", "[net][zones]") {
    const ZonedSteps steps(std::vector{prefix("10.0.0.0/8", 1), prefix("10.1.0.0/16", 2)});
    for (const uint16_t zone : {0, 5, 4095}) {
        CHECK(steps.find(address("10.2.0.1", zone)) == 1);
        CHECK(steps.find(address("10.1.0.1", zone)) == 2);
        CHECK(steps.find(address("11.0.0.1", zone)) == kNone);
    }
}

TEST_CASE("zoned steps: what names a zone holds there alone, zone 0 like any", "[net][zones]") {
    const ZonedSteps steps(std::vector{prefix("10.0.0.0/8", 1, 0), prefix("10.0.0.0/8", 2, 5)});
    CHECK(steps.find(address("10.0.0.1")) == 1);
    CHECK(steps.find(address("10.0.0.1", 5)) == 2);
    CHECK(steps.find(address("10.0.0.1", 6)) == kNone);
}

TEST_CASE("zoned steps: the longest prefix wins, and of equal ones the zone's, then the first",
          "[net][zones]") {
    std::mt19937 random(7);
    const auto below = [&](uint32_t bound) { return random() % bound; };
    for (unsigned round = 0; round < 50; ++round) {
        std::vector<ZonedPrefix> prefixes;
        for (unsigned i = 0; i < 12; ++i) {
            const auto length = static_cast<uint8_t>(8 + below(5));
            const Prefix random_prefix{Be32::from_host(10U << 24 | below(8) << 20), length};
            prefixes.push_back(
                {random_prefix.network(), i,
                 below(2) == 0 ? std::nullopt : std::optional(static_cast<uint16_t>(below(3)))});
        }
        const ZonedSteps steps(prefixes);
        for (unsigned i = 0; i < 100; ++i) {
            const InsideAddress wanted(Be32::from_host(10U << 24 | below(1 << 24)),
                                       static_cast<uint16_t>(below(4)));
            CHECK(steps.find(wanted) == plain_search(prefixes, wanted));
        }
    }
}

}  // namespace zoned_steps_test
