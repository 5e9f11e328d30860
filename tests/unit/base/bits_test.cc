// SPDX-License-Identifier: BSD-3-Clause
#include "base/bits.h"

#include "catch.h"

#include <vector>

namespace bits_test {

using namespace sluice;

namespace {

std::vector<unsigned> positions(uint64_t bits) {
    std::vector<unsigned> result;
    for (unsigned position : SetBits{bits})
        result.push_back(position);
    return result;
}

}  // namespace

TEST_CASE("bits: mixed as MurmurHash3 does at its end", "[base]") {
    CHECK(mix(0) == 0);
    CHECK(mix(1) == 0xb456'bcfc'34c2'cb2c);
}

TEST_CASE("bits: low_bits sets as many as asked, up to all 64", "[base]") {
    CHECK(low_bits(0) == 0);
    CHECK(low_bits(1) == 1);
    CHECK(low_bits(32) == 0xffff'ffff);
    CHECK(low_bits(63) == ~uint64_t{0} >> 1);
    CHECK(low_bits(64) == ~uint64_t{0});
}

TEST_CASE("bits: set bits are walked lowest first", "[base]") {
    CHECK(positions(0).empty());
    CHECK(positions(0b1010'0001) == std::vector<unsigned>{0, 5, 7});
    CHECK(positions(uint64_t{1} << 63) == std::vector<unsigned>{63});
    CHECK(positions(~uint64_t{0}).size() == 64);
}

TEST_CASE("bits: the walk is over a copy", "[base]") {
    uint64_t live = 0b111;
    unsigned visited = 0;
    for (unsigned position : SetBits{live}) {
        live &= ~(uint64_t{1} << position);
        live &= ~uint64_t{0b100};
        ++visited;
    }
    CHECK(visited == 3);
    CHECK(live == 0);
}

TEST_CASE("bits: the first is taken out until none is left", "[base]") {
    SetBits set{0b1010'0001};
    CHECK(set.take() == 0);
    CHECK(set.take() == 5);
    CHECK(set.bits == 0b1000'0000);
    CHECK(set.take() == 7);
    CHECK(set.bits == 0);
}

}  // namespace bits_test
