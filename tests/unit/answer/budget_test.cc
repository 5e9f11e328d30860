// SPDX-License-Identifier: BSD-3-Clause
#include "answer/budget.h"

#include "catch.h"

#include <algorithm>
#include <map>

namespace budget_test {

using namespace sluice;
using answer::Budget;
using answer::Rate;

namespace {

constexpr SipKey kKey{0x0123456789abcdef, 0xfedcba9876543210};

Be32 host(uint32_t number) {
    return Be32::from_host(0x0a010000 + number);
}

/// A budget with the same limits all the time.
struct Limited {
    answer::Limits limits;
    Budget budget{kKey};

    bool allow(Be32 destination, Tick now) { return budget.allow(limits, destination, now); }
};

unsigned allowed(Limited& budget, Be32 destination, Tick now, unsigned asked) {
    unsigned allowed = 0;
    for (unsigned i = 0; i < asked; ++i)
        allowed += budget.allow(destination, now);
    return allowed;
}

}  // namespace

TEST_CASE("budget: a destination has its burst and then its rate, whatever others have had",
          "[worker][icmp]") {
    Limited budget{.limits = {.each = Rate{10, 10}}};
    CHECK(allowed(budget, host(1), Tick{0}, 1000) == 10);
    CHECK(allowed(budget, host(2), Tick{0}, 1000) == 10);
    CHECK(allowed(budget, host(1), Tick{1000}, 1000) == 10);
    CHECK(allowed(budget, host(1), Tick{1100}, 1000) == 1);
}

TEST_CASE("budget: what a destination has too many of costs nothing of what there is in all",
          "[worker][icmp]") {
    Limited budget{.limits = {.all = Rate{1, 100}, .each = Rate{1, 10}}};
    CHECK(allowed(budget, host(1), Tick{0}, 100'000) <= 10);
    CHECK(allowed(budget, host(2), Tick{0}, 10) == 10);
}

TEST_CASE("budget: without a limit in all 1000 hosts leave the others theirs", "[worker][icmp]") {
    constexpr uint32_t kOthers = 1000;
    Limited budget{.limits = {.each = Rate{10, 10}}};
    for (uint32_t i = 0; i < 1000; ++i)
        allowed(budget, host(i), Tick{0}, 100);
    unsigned whole = 0;
    for (uint32_t i = 0; i < kOthers; ++i)
        whole += allowed(budget, host(100'000 + i), Tick{0}, 10) == 10;
    CHECK(whole > kOthers * 98 / 100);  // two shared buckets: (1000 / 16384)^2, and each other's
}

TEST_CASE("budget: who shares buckets with whom changes", "[worker][icmp]") {
    // Enough that some host has both of its buckets emptied by others in every epoch.
    Limited budget{.limits = {.each = Rate{1, 1}}};
    const auto starved_at = [&](Tick now) {
        std::map<uint32_t, bool> starved;
        for (uint32_t i = 0; i < 8000; ++i)
            budget.allow(host(i), now);
        for (uint32_t i = 0; i < 1000; ++i)
            starved[i] = !budget.allow(host(50'000 + i), now);
        return starved;
    };
    const auto count = [](const auto& starved) {
        return std::count_if(starved.begin(), starved.end(),
                             [](const auto& host) { return host.second; });
    };
    const auto first = starved_at(Tick{0});
    const auto second = starved_at(Tick{uint32_t{1} << 20});
    REQUIRE(count(first) > 50);
    REQUIRE(count(second) > 50);
    unsigned both = 0;
    for (const auto& [host, starved] : first)
        both += starved && second.at(host);
    CHECK(both < std::min(count(first), count(second)) / 2);
}

TEST_CASE("budget: what is left in all tells little of how many others have had",
          "[worker][icmp][saddns]") {
    constexpr unsigned kRounds = 2000;
    constexpr Rate kAll{1000, 50};
    Limited budget{.limits = {.all = kAll}};
    std::map<unsigned, unsigned> left;  // of 50, behind nobody
    double sum = 0;
    for (uint32_t round = 0; round < kRounds; ++round) {
        const unsigned got = allowed(budget, host(1), Tick{round * 1000}, 200);
        ++left[got];
        sum += got;
    }
    CHECK(sum / kRounds > 48);  // on average a token is a packet's
    CHECK(sum / kRounds < 53);
    CHECK(left.size() > 10);  // and yet it is never known how many
    for (const auto& [got, rounds] : left)
        CHECK(rounds < kRounds / 5);
}

TEST_CASE("budget: over a while the rate in all holds", "[worker][icmp]") {
    Limited budget{.limits = {.all = Rate{1000, 50}, .each = Rate{100, 100}}};
    unsigned sent = 0;
    for (uint32_t ms = 1; ms <= 20'000; ++ms)
        for (uint32_t i = 0; i < 5; ++i)
            sent += budget.allow(host(ms * 5 + i), Tick{ms});
    CHECK(sent > 19'000);
    CHECK(sent < 21'000);
}

TEST_CASE("budget: an IPv6 host has its own, whatever its address has in common with others'",
          "[worker][icmp]") {
    constexpr answer::Limits kLimits{.each = Rate{10, 10}};
    constexpr uint64_t kHigh = 0x20010db800000000;
    const auto of_words = net::Ipv6Address::of_words;
    const Be32 ipv4 = host(10);
    const net::Ipv6Address victim = of_words(kHigh, 0x0a01000a);
    // The same end, the same sum, the same words the other way round, and the IPv4 host's bits.
    const net::Ipv6Address others[] = {of_words(kHigh + 1, 0x0a01000a),
                                       of_words(kHigh + 1, 0x0a010009), of_words(0x0a01000a, kHigh),
                                       of_words(0, net::InsideAddress(ipv4).bits()),
                                       of_words(0, ipv4.host())};
    Budget budget(kKey);
    const auto allowed = [&](const auto& destination) {
        unsigned allowed = 0;
        for (unsigned i = 0; i < 100; ++i)
            allowed += budget.allow(kLimits, destination, Tick{0});
        return allowed;
    };
    for (const net::Ipv6Address& other : others)
        CHECK(allowed(other) == 10);
    CHECK(allowed(victim) == 10);
    CHECK(allowed(ipv4) == 10);
}

TEST_CASE("budget: no sum of its halves tells which IPv6 hosts share a budget", "[worker][icmp]") {
    // All of these are alike to who folds an address by multiplication.
    constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
    constexpr answer::Limits kLimits{.each = Rate{10, 10}};
    Budget budget(kKey);
    unsigned allowed = 0;
    for (uint64_t i = 0; i < 20; ++i)
        for (unsigned asked = 0; asked < 100; ++asked)
            allowed +=
                budget.allow(kLimits, net::Ipv6Address::of_words(i, 0 - i * kFactor), Tick{0});
    CHECK(allowed > 190);  // of 200: few share a bucket by chance
}

TEST_CASE("budget: without limits all is allowed, and a rate of 0 allows nothing",
          "[worker][icmp]") {
    Limited open{.limits = {}};
    CHECK(allowed(open, host(1), Tick{0}, 1000) == 1000);
    Limited none{.limits = {.all = Rate{0, 50}, .each = Rate{10, 10}}};
    CHECK(allowed(none, host(1), Tick{0}, 1000) == 0);
    Limited nobody{.limits = {.each = Rate{0, 10}}};
    CHECK(allowed(nobody, host(1), Tick{0}, 1000) == 0);
}

}  // namespace budget_test
