// SPDX-License-Identifier: BSD-3-Clause
#include "base/wiped.h"

#include "catch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>

namespace wiped_test {

using namespace sluice;

namespace {

using Secret = Wiped<std::array<uint8_t, 32>>;

/// Where secrets are, and what is there after their end.
struct Place {
    alignas(Secret) std::array<uint8_t, sizeof(Secret)> bytes;

    bool has(uint8_t value) const {
        // Volatile: of an object that has ended the compiler need not look.
        const volatile uint8_t* const there = bytes.data();
        return std::any_of(there, there + bytes.size(),
                           [=](uint8_t byte) { return byte == value; });
    }
};

}  // namespace

TEST_CASE("wiped: nothing of a secret is left where it was", "[base]") {
    Place place;
    auto* const secret = new (place.bytes.data()) Secret{};
    secret->fill(0xa5);
    CHECK(place.has(0xa5));
    std::destroy_at(secret);
    CHECK_FALSE(place.has(0xa5));
}

TEST_CASE("wiped: a copy lives on by itself, and is wiped by itself", "[base]") {
    Place first;
    Place second;
    auto* const secret = new (first.bytes.data()) Secret{};
    secret->fill(0xa5);
    auto* const copy = new (second.bytes.data()) Secret(*secret);
    std::destroy_at(secret);
    CHECK_FALSE(first.has(0xa5));
    CHECK(second.has(0xa5));
    std::destroy_at(copy);
    CHECK_FALSE(second.has(0xa5));
}

}  // namespace wiped_test
