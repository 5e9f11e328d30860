// SPDX-License-Identifier: BSD-3-Clause
#include "policy/pools.h"

#include "catch.h"
#include "packet_builder.h"
#include "testing/no_memory.h"

#include <new>
#include <vector>

namespace pools_test {

using namespace sluice;
using namespace sluice::policy;
using sluice::test::ip;

namespace {

constexpr pool::PortRange kPorts{1024, 65535};

std::vector<net::AddressRange> four(const char* first, const char* last) {
    return {{ip(first), ip(last)}};
}

}  // namespace

TEST_CASE("pools: each has slots of its own, which it gives back when it is forgotten",
          "[policy]") {
    Pools pools{pool::AddressKey{1}};
    const auto first = four("198.51.100.1", "198.51.100.4");
    const auto* const one = pools.take(first, kPorts);
    CHECK(pools.take(first, kPorts) == one);
    CHECK(pools.slots() == 4);
    CHECK(pools.take(four("198.51.100.5", "198.51.100.8"), kPorts)->slot(0) == 4);
    CHECK(pools.slots() == 8);
    pools.forget_from(4);
    CHECK(pools.slots() == 4);
    CHECK(pools.take(first, kPorts) == one);
    CHECK(pools.take(four("198.51.100.9", "198.51.100.12"), kPorts)->slot(0) == 4);
}

TEST_CASE("pools: one for which there was no memory is forgotten, and made when there is some",
          "[policy]") {
    constexpr unsigned kForItsPlace = 2;  // its key, and a node
    const auto addresses = four("198.51.100.1", "198.51.100.4");
    for (const bool forgets : {true, false}) {
        Pools pools{pool::AddressKey{1}};
        bool has_failed = false;
        {
            const test::LittleMemory little(kForItsPlace);
            try {
                pools.take(addresses, kPorts);
            } catch (const std::bad_alloc&) {
                has_failed = true;
            }
        }
        CHECK(has_failed);
        if (forgets)
            pools.forget_from(0);
        CHECK(pools.slots() == 0);
        CHECK(pools.take(addresses, kPorts)->size() == 4);
        CHECK(pools.slots() == 4);
    }
}

}  // namespace pools_test
