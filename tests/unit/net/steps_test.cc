// SPDX-License-Identifier: BSD-3-Clause
#include "net/steps.h"

#include "catch.h"
#include "packet_builder.h"

#include <random>

namespace steps_test {

using namespace sluice;
using namespace sluice::net;
using sluice::test::ip;

TEST_CASE("steps: the longest prefix around an address gives its value", "[net]") {
    const std::vector<Numbered> prefixes{{{ip("10.0.0.0"), 8}, 1},
                                         {{ip("10.1.0.0"), 16}, 2},
                                         {{ip("10.1.0.0"), 16}, 3},
                                         {{ip("255.255.255.255"), 32}, 4}};
    std::vector<uint32_t> parents;
    const Steps steps = longest_prefix(prefixes, &parents);
    CHECK(steps.find(ip("9.255.255.255").host()) == kNone);
    CHECK(steps.find(ip("10.0.255.255").host()) == 1);
    CHECK(steps.find(ip("10.1.0.0").host()) == 2);  // of two equal ones the first
    CHECK(steps.find(ip("10.2.0.0").host()) == 1);
    CHECK(steps.find(ip("11.0.0.0").host()) == kNone);
    CHECK(steps.find(ip("255.255.255.254").host()) == kNone);
    CHECK(steps.find(ip("255.255.255.255").host()) == 4);
    CHECK(parents == std::vector<uint32_t>{kNone, 1, kNone, kNone});
}

TEST_CASE("steps: without prefixes, and with one around everything", "[net]") {
    CHECK(longest_prefix({}).find(0) == kNone);
    const Numbered all{{{}, 0}, 7};
    const Steps steps = longest_prefix({&all, 1});
    CHECK(steps.find(0) == 7);
    CHECK(steps.find(~uint32_t{0}) == 7);
}

TEST_CASE("steps: find() says what a look at every prefix says", "[net]") {
    std::mt19937 random(11);
    for (int round = 0; round < 200; ++round) {
        std::vector<Numbered> prefixes;
        for (uint32_t i = 0; i < 12; ++i) {
            const auto length = static_cast<uint8_t>(random() % 33);
            const net::Prefix prefix{Be32::from_host(static_cast<uint32_t>(random())), length};
            prefixes.push_back({prefix.network(), i});
        }
        const Steps steps = longest_prefix(prefixes);
        for (int i = 0; i < 100; ++i) {
            const uint32_t near = prefixes[random() % prefixes.size()].prefix.address.host();
            const uint32_t address = near + static_cast<uint32_t>(random() % 5) - 2;
            const Numbered* longest = nullptr;
            for (const Numbered& each : prefixes)
                if (each.prefix.contains(Be32::from_host(address)) &&
                    (longest == nullptr || each.prefix.length > longest->prefix.length))
                    longest = &each;
            REQUIRE(steps.find(address) == (longest == nullptr ? kNone : longest->value));
        }
    }
}

}  // namespace steps_test
