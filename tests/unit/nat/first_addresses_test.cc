// SPDX-License-Identifier: BSD-3-Clause
#include "nat/first_addresses.h"

#include "catch.h"

#include <memory>
#include <vector>

namespace first_addresses_test {

using namespace sluice;

namespace {

std::vector<Be32> addresses(uint32_t count) {
    std::vector<Be32> result;
    for (uint32_t i = 0; i < count; ++i)
        result.push_back(Be32::from_host(0xc6336400 + i));
    return result;
}

}  // namespace

TEST_CASE("first addresses: they are the pools' own, whoever asked before", "[nat]") {
    const std::vector<Be32> members = addresses(16);
    const pool::AddressPool one(members, 1);
    const pool::AddressPool two(members, 2, pool::kAllPorts, 16);
    nat::FirstAddresses first;
    // More hosts than places, each twice, in two zones.
    for (uint32_t number = 0; number < 2000; ++number)
        for (const pool::AddressPool* pool : {&one, &two, &one}) {
            const Be32 address = Be32::from_host(0x0a010000 + number / 2 * 7);
            const net::InsideAddress host{address, static_cast<uint16_t>(number % 3)};
            CHECK(first.of(*pool, host) == pool->first(host));
        }
}

}  // namespace first_addresses_test
