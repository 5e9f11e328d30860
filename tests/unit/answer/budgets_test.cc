// SPDX-License-Identifier: BSD-3-Clause
#include "answer/budgets.h"

#include "catch.h"

#include <utility>
#include <vector>

namespace budgets_test {

using namespace sluice;
using answer::Budgets;
using answer::Kind;
using answer::Rates;
using net::Side;

namespace {

const Be32 kHost = Be32::from_host(0x0a01000a);
const Be32 kOther = Be32::from_host(0x0a01000b);

/// Budgets at the rates of the moment.
struct Paced {
    Rates rates;
    Budgets budgets{{1, 2}};

    bool allow(Kind kind, Side to, Be32 destination, Tick now) {
        return budgets.allow(rates, kind, {to, destination}, now);
    }
};

Paced make(uint32_t icmp_rate = 1000, uint32_t reset_rate = 1000) {
    return {.rates = {icmp_rate, reset_rate}};
}

unsigned allowed(Paced& budgets, Kind kind, Side to, Be32 destination, Tick now = Tick{0}) {
    unsigned allowed = 0;
    for (unsigned i = 0; i < 5000; ++i)
        allowed += budgets.allow(kind, to, destination, now);
    return allowed;
}

}  // namespace

TEST_CASE("budgets: kinds and sides do not use up each other's", "[worker][icmp]") {
    Paced budgets = make();
    CHECK(allowed(budgets, Kind::Error, Side::Inside, kHost) == 10);
    CHECK(allowed(budgets, Kind::Error, Side::Outside, kHost) == 10);
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost) == 1000);
    CHECK(allowed(budgets, Kind::TooBig, Side::Outside, kHost) == 1000);
    CHECK(allowed(budgets, Kind::Reset, Side::Inside, kHost) == 50);
    CHECK(allowed(budgets, Kind::Challenge, Side::Inside, kHost) == 50);
    CHECK(allowed(budgets, Kind::Challenge, Side::Outside, kHost) == 50);
}

TEST_CASE("budgets: errors to one host leave the others theirs", "[worker][icmp]") {
    Paced budgets = make();
    for (const Kind kind : {Kind::Error, Kind::TooBig, Kind::Reset, Kind::Challenge}) {
        const unsigned first = allowed(budgets, kind, Side::Inside, kHost);
        CHECK(allowed(budgets, kind, Side::Inside, kOther) == first);
    }
}

TEST_CASE("budgets: fragmentation needed and challenges have no limit in all, the others have",
          "[worker][icmp]") {
    Paced budgets = make();
    unsigned errors = 0, too_big = 0, resets = 0, challenges = 0;
    for (uint32_t i = 0; i < 2000; ++i) {
        const Be32 host = Be32::from_host(0x0a020000 + i);
        errors += budgets.allow(Kind::Error, Side::Inside, host, Tick{0});
        too_big += budgets.allow(Kind::TooBig, Side::Inside, host, Tick{0});
        resets += budgets.allow(Kind::Reset, Side::Inside, host, Tick{0});
        challenges += budgets.allow(Kind::Challenge, Side::Outside, host, Tick{0});
    }
    CHECK(errors < 1200);
    CHECK(too_big == 2000);
    CHECK(challenges == 2000);
    CHECK(resets < 700);
}

TEST_CASE(
    "budgets: by default a hundred hosts that ask without an end take all errors, and of "
    "fragmentation needed none",
    "[worker][icmp]") {
    Paced budgets{.rates = {}};
    for (uint32_t i = 0; i < 150; ++i)
        for (const Kind kind : {Kind::Error, Kind::TooBig})
            allowed(budgets, kind, Side::Inside, Be32::from_host(0x0a020000 + i));
    CHECK(allowed(budgets, Kind::Error, Side::Inside, kHost) == 0);
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost) > 900);
    // Outside it is another budget.
    CHECK(allowed(budgets, Kind::Error, Side::Outside, kHost) == 10);
}

TEST_CASE("budgets: one host has a hundredth of the errors, one at least and ten at most",
          "[worker][icmp]") {
    const auto [rate, of_each] =
        GENERATE(std::pair(1u, 1u), std::pair(50u, 1u), std::pair(199u, 1u), std::pair(500u, 5u),
                 std::pair(1000u, 10u), std::pair(1'000'000u, 10u));
    CAPTURE(rate);
    Paced budgets = make(rate);
    CHECK(allowed(budgets, Kind::Error, Side::Outside, kHost) == of_each);
}

TEST_CASE("budgets: whether a host has had errors, others cannot tell from how many they have",
          "[worker][icmp][saddns]") {
    constexpr uint32_t kOthers = 200;
    constexpr uint32_t kRounds = 800;
    const uint32_t rate = GENERATE(10u, 50u, 200u, 1000u);
    CAPTURE(rate);
    Paced budgets = make(rate);
    std::vector<unsigned> counts;  // what others had, where the host had some before, and had none
    double sum = 0;
    for (uint32_t round = 0; round < kRounds; ++round) {
        const Tick now{round * 2000};
        if (round % 2 == 0)
            allowed(budgets, Kind::Error, Side::Outside, kHost, now);
        unsigned count = 0;
        for (uint32_t i = 0; i < 10 * kOthers; ++i)
            count += budgets.allow(Kind::Error, Side::Outside,
                                   Be32::from_host(0x0a020000 + i % kOthers), now);
        counts.push_back(count);
        sum += count;
    }
    REQUIRE(sum / kRounds > rate * 0.9);  // they have taken all there was
    unsigned right = 0;                   // of their guesses, from one round each
    for (uint32_t round = 0; round < kRounds; ++round)
        right += (counts[round] < sum / kRounds) == (round % 2 == 0);
    CHECK(right < kRounds * 7 / 10);
}

TEST_CASE("budgets: a rate of 0 allows nothing", "[worker][icmp]") {
    Paced budgets = make(0, 0);
    for (const Kind kind : {Kind::Error, Kind::TooBig, Kind::Reset})
        CHECK(allowed(budgets, kind, Side::Inside, kHost) == 0);
}

TEST_CASE("budgets: another rate holds from the next answer on", "[worker][icmp]") {
    Paced budgets = make(1'000'000, 1000);
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost) == 5000);
    budgets.rates.icmp = 2;
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost) == 0);
    // What was had at the old rate is no debt at the new one.
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost, Tick{2000}) == 2);
    budgets.rates.icmp = 0;
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost, Tick{9000}) == 0);
}

TEST_CASE("budgets: for a hundred days a host that was silent has all of its own",
          "[worker][icmp]") {
    constexpr uint32_t kTurn = 120'000;
    Paced budgets = make();
    Tick now{5};
    unsigned first = 0;
    for (int round = 0; round < 3; ++round) {
        const unsigned have = allowed(budgets, Kind::Error, Side::Inside, kHost, now);
        first = round == 0 ? have : first;
        CHECK(have == first);
        CHECK(allowed(budgets, Kind::TooBig, Side::Outside, kHost, now) == 1000);
        // Until the ticks come round, to the millisecond.
        for (uint64_t passed = 0; passed < (uint64_t{1} << 32) - kTurn; passed += kTurn) {
            now = now + Duration{kTurn};
            budgets.budgets.turn(now);
        }
        now = Tick{5};
    }
}

}  // namespace budgets_test
