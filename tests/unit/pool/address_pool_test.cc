// SPDX-License-Identifier: BSD-3-Clause
#include "pool/address_pool.h"

#include "catch.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

namespace address_pool_test {

using namespace sluice;
using pool::AddressPool;

namespace {

constexpr uint64_t kSecret = 0x5eed;

Be32 host(uint32_t number) {
    return Be32::from_host(0x0a010000 + number);
}

std::vector<Be32> addresses(uint32_t first, uint32_t count) {
    std::vector<Be32> result;
    for (uint32_t i = 0; i < count; ++i)
        result.push_back(Be32::from_host(first + i));
    return result;
}

}  // namespace

TEST_CASE("address pool: contains its addresses and their neighbours not", "[pool]") {
    auto members = addresses(0xc6336401, 4);
    const AddressPool contiguous(members, kSecret);
    CHECK_FALSE(contiguous.contains(Be32::from_host(0xc6336400)));
    CHECK(contiguous.contains(Be32::from_host(0xc6336401)));
    CHECK(contiguous.contains(Be32::from_host(0xc6336404)));
    CHECK_FALSE(contiguous.contains(Be32::from_host(0xc6336405)));

    members.push_back(Be32::from_host(0xc6336410));
    const AddressPool with_gap(members, kSecret);
    CHECK(with_gap.contains(Be32::from_host(0xc6336410)));
    CHECK_FALSE(with_gap.contains(Be32::from_host(0xc6336408)));
}

TEST_CASE("address pool: each of its addresses has its place", "[pool]") {
    auto members = addresses(0xc6336401, 4);
    members.push_back(Be32::from_host(0xc6336410));
    const AddressPool pool(members, kSecret);
    for (const Be32 address : members)
        CHECK(pool.address(pool.index_of(address).value()) == address);
    CHECK_FALSE(pool.index_of(Be32::from_host(0xc6336405)));
    CHECK_FALSE(pool.index_of(Be32::from_host(0xc6336411)));
}

TEST_CASE("address pool: a host keeps its address", "[pool][rfc4787]") {
    const AddressPool pool(addresses(0xc6336401, 8), kSecret);
    for (uint32_t i = 0; i < 1000; ++i)
        CHECK(pool.first(host(i)) == pool.first(host(i)));
}

TEST_CASE("address pool: who shares an address, nobody can tell without the key", "[pool]") {
    const auto sharing = [](const AddressPool& pool, uint32_t from) {
        std::vector<bool> result;
        for (uint32_t i = 0; i < 4096; ++i)
            result.push_back(pool.first(host(from)) == pool.first(host(from + 1 + i)));
        return result;
    };
    const auto members = addresses(0xc6336401, 2);
    const AddressPool pool(members, {1, 2});
    // Neither another key, in either of its words, nor another host tells anything of it.
    for (const auto& other : {sharing(AddressPool(members, {1, 3}), 0),
                              sharing(AddressPool(members, {2, 2}), 0), sharing(pool, 1)}) {
        const auto these = sharing(pool, 0);
        unsigned same = 0;
        for (size_t i = 0; i < these.size(); ++i)
            same += these[i] == other[i];
        CHECK((same > 2048 - 160 && same < 2048 + 160));  // five standard deviations
    }
}

TEST_CASE("address pool: hosts spread evenly over the addresses", "[pool]") {
    const AddressPool pool(addresses(0xc6336401, 8), kSecret);
    std::map<uint32_t, unsigned> hosts;
    for (uint32_t i = 0; i < 8000; ++i)
        ++hosts[pool.first(host(i))];
    REQUIRE(hosts.size() == 8);
    for (const auto& [index, count] : hosts)
        CHECK((count > 850 && count < 1150));  // 1000 each, five standard deviations
}

TEST_CASE("address pool: a new address takes hosts from the others, and moves no one else",
          "[pool]") {
    const AddressPool before(addresses(0xc6336401, 8), kSecret);
    const AddressPool after(addresses(0xc6336401, 9), kSecret);
    unsigned moved = 0;
    for (uint32_t i = 0; i < 9000; ++i) {
        const Be32 old_address = before.address(before.first(host(i)));
        const Be32 new_address = after.address(after.first(host(i)));
        if (old_address == new_address)
            continue;
        ++moved;
        CHECK(new_address == Be32::from_host(0xc6336409));
    }
    CHECK((moved > 850 && moved < 1150));  // one ninth
}

TEST_CASE("address pool: a host's order has every address once, its own first", "[pool]") {
    const AddressPool pool(addresses(0xc6336401, 16), kSecret);
    std::array<uint32_t, 64> room;
    const auto order = pool.ranked(host(7), room);
    CHECK(order.size() == 16);
    CHECK(std::set<uint32_t>(order.begin(), order.end()).size() == 16);
    CHECK(order[0] == pool.first(host(7)));
    std::array<uint32_t, 5> little;
    for (uint32_t i = 0; i < 100; ++i) {
        const auto whole = pool.ranked(host(i), room);
        const auto best = pool.ranked(host(i), little);
        REQUIRE(best.size() == 5);
        CHECK(std::equal(best.begin(), best.end(), whole.begin()));
    }
}

TEST_CASE("address pool: a host's own address is the first of its order, whatever the pool's size",
          "[pool]") {
    std::array<uint32_t, 64> room;
    for (uint32_t size = 1; size <= 21; ++size) {
        const AddressPool pool(addresses(0xc6336401, size), kSecret);
        std::set<uint32_t> owns;
        for (uint32_t i = 0; i < 50 * size; ++i) {
            const uint32_t own = pool.first(host(i));
            CHECK(own == pool.ranked(host(i), room)[0]);
            owns.insert(own);
        }
        CHECK(owns.size() == size);  // also the last ones of a pool
    }
}

TEST_CASE("address pool: a host has the address of zone 0 there, and mostly another elsewhere",
          "[pool][zones]") {
    std::vector<Be32> addresses;
    for (uint32_t i = 0; i < 64; ++i)
        addresses.push_back(Be32::from_host(0xc6336400 + i));
    const pool::AddressPool pool(addresses, 7);
    const Be32 host = Be32::from_host(0x0a010009);
    CHECK(pool.first(host) == pool.first({host, 0}));
    unsigned equal = 0;
    for (uint16_t zone = 1; zone < 100; ++zone)
        equal += pool.first({host, zone}) == pool.first(host);
    CHECK(equal < 10);
}

}  // namespace address_pool_test
