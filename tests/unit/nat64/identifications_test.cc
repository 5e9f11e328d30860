// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/identifications.h"

#include "catch.h"
#include "testing/randomness.h"

#include <vector>

namespace identifications_test {

using namespace sluice;
using namespace sluice::testing;
using nat64::Identifications;

namespace {

constexpr size_t kSeen = 100'000;

std::vector<uint32_t> given(const SipKey& key, uint8_t worker, size_t count = kSeen) {
    Identifications identifications(key, worker);
    std::vector<uint32_t> result;
    for (size_t i = 0; i < count; ++i)
        result.push_back(identifications.next());
    return result;
}

}  // namespace

TEST_CASE("identifications: who sees them can neither count nor continue them", "[nat64]") {
    check_random(given({1, 2}, 0), {0, 65535});
}

TEST_CASE("identifications: of a part of them likewise", "[nat64]") {
    const auto all = given({1, 2}, 3, 4 * kSeen);
    std::vector<uint32_t> seen;  // as the packets of one host among those of four
    for (size_t i = 0; i < all.size(); i += 4)
        seen.push_back(all[i]);
    check_random(seen, {0, 65535});
}

TEST_CASE("identifications: another key, and another worker, has others", "[nat64]") {
    const auto these = given({1, 2}, 0);
    for (const auto& others : {given({1, 3}, 0), given({2, 2}, 0), given({1, 2}, 1)}) {
        unsigned same = 0;
        for (size_t i = 0; i < kSeen; ++i)
            same += these[i] == others[i];
        CHECK(same < 10);  // one or two are expected
    }
}

}  // namespace identifications_test
