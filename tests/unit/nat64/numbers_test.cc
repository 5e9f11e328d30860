// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/numbers.h"

#include "catch.h"

#include <map>
#include <set>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::nat64;

namespace {

net::Ipv6Address host(uint64_t number) {
    return net::Ipv6Address::of_words(0x20010db800010000, number);
}

std::unique_ptr<Numbers> make(unsigned bits = 16) {
    return std::move(Numbers::create({.bits = bits, .key = {1, 2}})).value();
}

/// The control core's work for so long; nobody reads meanwhile.
template <typename HasFlows>
Tick pass_time(Numbers& numbers, Grace& grace, Tick from, Duration duration, HasFlows has_flows) {
    const Tick end = from + duration;
    for (Tick now = from; !now.is_after(end); now = now + Duration::seconds(1))
        for (int turn = 0; turn < 100; ++turn)
            numbers.turn(now, grace, has_flows);
    return end;
}

constexpr auto kNone = [](uint32_t) { return false; };

}  // namespace

TEST_CASE("numbers: each host has one of its own, which stays", "[nat64]") {
    const auto numbers = make();
    std::set<uint32_t> given;
    for (uint64_t i = 1; i <= 5000; ++i) {
        const auto number = numbers->find_or_add(host(i), Tick{});
        REQUIRE(number);
        CHECK(*number >= kFirstNumber);
        CHECK(*number < numbers->capacity() - 1);
        CHECK(given.insert(*number).second);
        CHECK(numbers->find_or_add(host(i), Tick{}) == number);
        CHECK(numbers->find(host(i)) == number);
        CHECK(numbers->address(*number) == host(i));
    }
    CHECK(numbers->count() == 5000);
    CHECK_FALSE(numbers->find(host(5001)));
    CHECK_FALSE(numbers->address(0));
    CHECK_FALSE(numbers->address(numbers->capacity()));
    CHECK_FALSE(numbers->find_or_add({}, Tick{}));
}

TEST_CASE("numbers: none is given twice when all are given", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    std::set<uint32_t> given;
    for (uint64_t i = 1; i <= 4000; ++i)
        if (const auto number = numbers->find_or_add(host(i), Tick{}))
            CHECK(given.insert(*number).second);
    CHECK(given.size() == numbers->capacity() - kFirstNumber - 1);
    CHECK(numbers->count() == given.size());
    CHECK_FALSE(given.contains(numbers->capacity() - 1));
}

TEST_CASE("numbers: a host that is gone loses its number", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto number = numbers->find_or_add(host(1), Tick{});
    REQUIRE(number);
    Tick now = pass_time(*numbers, grace, Tick{}, Duration{kIdle.milliseconds - 1000}, kNone);
    CHECK(numbers->find(host(1)) == number);
    now = pass_time(*numbers, grace, now, Duration::seconds(60), kNone);
    CHECK_FALSE(numbers->find(host(1)));
    CHECK_FALSE(numbers->address(*number));
    CHECK(numbers->count() == 0);
    CHECK(numbers->find_or_add(host(1), now) == number);  // the place is free again
}

TEST_CASE("numbers: a host with flows, or that sends, keeps its number", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    const auto held = numbers->find_or_add(host(1), Tick{});
    const auto sending = numbers->find_or_add(host(2), Tick{});
    REQUIRE((held && sending));
    const auto has_flows = [&](uint32_t number) { return number == *held; };
    Tick now;
    for (int i = 0; i < 4; ++i) {
        now = pass_time(*numbers, grace, now, Duration::seconds(1200), has_flows);
        CHECK(numbers->find_or_add(host(2), now) == sending);
    }
    CHECK(numbers->find(host(1)) == held);
}

TEST_CASE("numbers: a reader that has found one keeps it for its turn", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    Grace grace(1);
    grace.join(0);
    const auto number = numbers->find_or_add(host(1), Tick{});
    REQUIRE(number);
    grace.quiescent(0);
    // The reader is in a turn all the time, so that no grace period ends.
    Tick now = pass_time(*numbers, grace, Tick{}, Duration::seconds(2 * 1800), kNone);
    CHECK(numbers->find(host(1)) == number);
    // It is about to lose its place when it sends again.
    CHECK(numbers->find_or_add(host(1), now) == number);
    for (int i = 0; i < 10; ++i) {
        grace.quiescent(0);
        now = pass_time(*numbers, grace, now, Duration::seconds(20), kNone);
    }
    CHECK(numbers->find(host(1)) == number);
    grace.leave(0);
}

TEST_CASE("numbers: threads that ask at once get one number for a host", "[nat64]") {
    constexpr unsigned kThreads = 4;
    constexpr uint64_t kHosts = 3000;
    const auto numbers = make();
    std::vector<std::map<uint64_t, uint32_t>> seen(kThreads);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (uint64_t i = 1; i <= kHosts; ++i)
                if (const auto number = numbers->find_or_add(host(i), Tick{}))
                    seen[t][i] = *number;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(numbers->count() == kHosts);
    for (const auto& each : seen)
        for (const auto& [one, number] : each) {
            CHECK(numbers->find(host(one)) == number);
            CHECK(numbers->address(number) == host(one));
        }
}

TEST_CASE("numbers: all who have one are listed", "[nat64]") {
    const auto numbers = make(kLeastNumberBits);
    std::map<uint32_t, net::Ipv6Address> given;
    for (uint64_t i = 1; i <= 20; ++i)
        if (const auto number = numbers->find_or_add(host(i), Tick{}))
            given[*number] = host(i);
    std::map<uint32_t, net::Ipv6Address> listed;
    numbers->for_each(
        [&](uint32_t number, const net::Ipv6Address& address) { listed[number] = address; });
    CHECK(listed == given);
}
