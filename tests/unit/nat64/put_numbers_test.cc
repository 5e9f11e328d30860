// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Numbers that hosts have at another gateway already.

#include "catch.h"
#include "nat64/numbers.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace put_numbers_test {

using namespace sluice;
using namespace sluice::nat64;

namespace {

net::Ipv6Address host(uint64_t number) {
    return net::Ipv6Address::of_words(0x20010db800010000, number);
}

std::unique_ptr<Numbers> make(unsigned bits = kLeastNumberBits) {
    return std::move(Numbers::create({.plan = NumberPlan({{}, static_cast<uint8_t>(32 - bits)}),
                                      .key = {1, 2}}))
        .value();
}

/// Hosts of one bucket, in the order in which they get its places.
std::vector<net::Ipv6Address> neighbours(size_t count) {
    const auto numbers = make();
    const uint32_t first = numbers->find_or_add(host(1), Tick{}).value();
    std::vector<net::Ipv6Address> hosts{host(1)};
    for (uint64_t i = 2; hosts.size() < count; ++i)
        if (numbers->find_or_add(host(i), Tick{}) == first + hosts.size())
            hosts.push_back(host(i));
    return hosts;
}

}  // namespace

TEST_CASE("put numbers: a host gets just the one that it has elsewhere", "[nat64]") {
    const auto elsewhere = make(16);
    const auto numbers = make(16);
    std::map<uint64_t, uint32_t> given;
    for (uint64_t i = 1; i <= 3000; ++i)
        given[i] = elsewhere->find_or_add(host(i), Tick{}).value();
    for (auto each = given.rbegin(); each != given.rend(); ++each) {
        const auto [i, number] = *each;
        REQUIRE(numbers->put(number, host(i), Tick{70}));
        CHECK(numbers->put(number, host(i), Tick{90}));
        CHECK(numbers->find(host(i)) == number);
        CHECK(numbers->address(number) == host(i));
        CHECK(numbers->holder(number, Tick{70}) == host(i));
        CHECK_FALSE(numbers->holder(number, Tick{69}));
    }
    CHECK(numbers->count() == 3000);
    CHECK(numbers->find_or_add(host(1), Tick{100}) == given[1]);
}

TEST_CASE("put numbers: one that is put has no other host, and the host no other one", "[nat64]") {
    const auto numbers = make();
    const auto hosts = neighbours(3);
    const uint32_t first = numbers->find_or_add(hosts[0], Tick{}).value();
    REQUIRE(numbers->put(first, hosts[1], Tick{5}));
    CHECK_FALSE(numbers->find(hosts[0]));
    CHECK(numbers->find(hosts[1]) == first);
    CHECK(numbers->count() == 1);
    REQUIRE(numbers->put(first + 7, hosts[1], Tick{6}));
    CHECK(numbers->find(hosts[1]) == first + 7);
    CHECK_FALSE(numbers->address(first));
    CHECK(numbers->count() == 1);
    REQUIRE(numbers->put(first + 7, hosts[2], Tick{7}));
    REQUIRE(numbers->put(first, hosts[1], Tick{8}));
    CHECK(numbers->find(hosts[2]) == first + 7);
    CHECK(numbers->find(hosts[1]) == first);
    CHECK(numbers->count() == 2);
}

TEST_CASE("put numbers: one that cannot be the host's is not put", "[nat64]") {
    const net::Ipv6Address named[] = {host(0x42)};
    const auto plan = NumberPlan::of({{}, 32 - kLeastNumberBits}, {}, named);
    REQUIRE(plan);
    const auto numbers = std::move(Numbers::create({.plan = *plan, .key = {1, 2}})).value();
    const uint32_t number = numbers->find_or_add(host(1), Tick{}).value();
    for (uint32_t other = 0; other <= numbers->capacity() + 1; ++other)
        CHECK(numbers->put(other, host(1), Tick{}) ==
              (other / 16 == number / 16 && other + 1 < numbers->capacity()));
    CHECK(numbers->count() == 1);
    CHECK_FALSE(numbers->put(number, {}, Tick{}));
    CHECK(numbers->put(kFirstNamed, host(0x42), Tick{}));
    CHECK_FALSE(numbers->put(kFirstNamed, host(1), Tick{}));
    CHECK_FALSE(numbers->put(kFirstNamed + 1, host(0x42), Tick{}));
    CHECK_FALSE(numbers->put(number, host(0x42), Tick{}));
    CHECK(numbers->address(kFirstNamed) == host(0x42));
}

TEST_CASE("put numbers: one that is put again is kept as if its host had sent", "[nat64]") {
    const auto numbers = make();
    Grace grace(1);
    const uint32_t number = numbers->find_or_add(host(1), Tick{}).value();
    const auto pass = [&](Tick now) {
        for (int turn = 0; turn < 3; ++turn)
            numbers->turn(now, grace, [](uint32_t) { return false; });
    };
    const Tick later = Tick{} + kIdle;
    pass(later);  // it is doomed
    CHECK(numbers->put(number, host(1), later));
    for (int passes = 1; passes < 20; ++passes)
        pass(later + Duration{passes * kPass.milliseconds});
    CHECK(numbers->find(host(1)) == number);
}

TEST_CASE("put numbers: who has one is read whole while others are put in its place", "[nat64]") {
    const auto numbers = make();
    const auto hosts = neighbours(15);
    const uint32_t number = numbers->find_or_add(hosts[0], Tick{}).value();
    std::atomic<bool> is_over = false;
    std::atomic<uint64_t> strange = 0;
    std::atomic<uint64_t> read = 0;
    std::thread reader([&] {
        while (!is_over.load())
            for (const auto& found : {numbers->address(number), numbers->holder(number)})
                if (found) {
                    ++read;
                    strange += std::count(hosts.begin(), hosts.end(), *found) != 1;
                }
    });
    for (uint64_t round = 0; round < 20'000 || read.load() == 0; ++round)
        REQUIRE(numbers->put(number + round / 15 % 2, hosts[round % 15], Tick{}));
    is_over = true;
    reader.join();
    CHECK(strange.load() == 0);
}

}  // namespace put_numbers_test
