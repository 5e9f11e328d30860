// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/sums.h"

#include "catch.h"

#include <cstdint>
#include <random>
#include <vector>

namespace sums_test {

using namespace sluice;
using namespace sluice::nat64;

namespace {

/// Of words of 64 bits, a carry at a time.
uint16_t plain_sum(const std::vector<uint64_t>& all) {
    uint32_t sum = 0;
    for (uint64_t words : all)
        for (unsigned i = 0; i < 4; ++i, words >>= 16) {
            sum += words & 0xffff;
            if (sum > 0xffff)
                sum -= 0xffff;
        }
    return static_cast<uint16_t>(sum);
}

/// Many of whose words are all ones or all zeros, where carries go far.
uint64_t some_words(std::mt19937_64& random) {
    uint64_t words = random();
    for (unsigned i = 0; i < 4; ++i)
        if (const uint64_t kind = random() % 4; kind < 2)
            words = (words & ~(uint64_t{0xffff} << 16 * i)) | (kind * 0xffff) << 16 * i;
    return words;
}

Sum sum_of(const std::vector<uint64_t>& all) {
    Sum sum;
    for (const uint64_t words : all)
        sum.add(Be64{words});
    return sum;
}

}  // namespace

TEST_CASE("sums: folded is the sum with each carry added at the end", "[nat64]") {
    std::mt19937_64 random(1);
    for (unsigned i = 0; i < 100'000; ++i) {
        std::vector<uint64_t> all(1 + random() % 5);
        for (uint64_t& words : all)
            words = some_words(random);
        REQUIRE(sum_of(all).folded() == plain_sum(all));
    }
    CHECK(Sum().folded() == 0);
    CHECK(sum_of({0, 0}).folded() == 0);
}

TEST_CASE("sums: by a difference a checksum becomes what it becomes by both sums", "[nat64]") {
    std::mt19937_64 random(2);
    for (unsigned i = 0; i < 100'000; ++i) {
        const std::vector<uint64_t> from{some_words(random), some_words(random) | 1};
        const std::vector<uint64_t> to{some_words(random) | 1, some_words(random)};
        const auto checksum = static_cast<uint16_t>(some_words(random));
        Sum difference = sum_of(to).subtract(sum_of(from));
        difference.add_raw(static_cast<uint16_t>(~checksum));
        REQUIRE(static_cast<uint16_t>(~difference.folded()) ==
                changed(checksum, sum_of(from), sum_of(to)));
    }
}

}  // namespace sums_test
