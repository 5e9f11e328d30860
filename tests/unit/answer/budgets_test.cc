// SPDX-License-Identifier: BSD-3-Clause
#include "answer/budgets.h"

#include "catch.h"

using namespace sluice;
using answer::Budgets;
using answer::Kind;
using net::Side;

namespace {

const Be32 kHost = Be32::from_host(0x0a01000a);
const Be32 kOther = Be32::from_host(0x0a01000b);

Budgets make(uint32_t icmp_rate = 1000, uint32_t reset_rate = 1000) {
    return Budgets({icmp_rate, reset_rate, {1, 2}});
}

unsigned allowed(Budgets& budgets, Kind kind, Side to, Be32 destination) {
    unsigned allowed = 0;
    for (unsigned i = 0; i < 5000; ++i)
        allowed += budgets.allow(kind, to, destination, Tick{0});
    return allowed;
}

}  // namespace

TEST_CASE("budgets: kinds and sides do not use up each other's", "[worker][icmp]") {
    Budgets budgets = make();
    CHECK(allowed(budgets, Kind::Error, Side::Inside, kHost) == 10);
    CHECK(allowed(budgets, Kind::Error, Side::Outside, kHost) == 10);
    CHECK(allowed(budgets, Kind::TooBig, Side::Inside, kHost) == 1000);
    CHECK(allowed(budgets, Kind::TooBig, Side::Outside, kHost) == 1000);
    CHECK(allowed(budgets, Kind::Reset, Side::Inside, kHost) == 50);
}

TEST_CASE("budgets: errors to one host leave the others theirs", "[worker][icmp]") {
    Budgets budgets = make();
    for (const Kind kind : {Kind::Error, Kind::TooBig, Kind::Reset}) {
        const unsigned first = allowed(budgets, kind, Side::Inside, kHost);
        CHECK(allowed(budgets, kind, Side::Inside, kOther) == first);
    }
}

TEST_CASE("budgets: fragmentation needed has no limit in all, the others have", "[worker][icmp]") {
    Budgets budgets = make();
    unsigned errors = 0, too_big = 0, resets = 0;
    for (uint32_t i = 0; i < 2000; ++i) {
        const Be32 host = Be32::from_host(0x0a020000 + i);
        errors += budgets.allow(Kind::Error, Side::Inside, host, Tick{0});
        too_big += budgets.allow(Kind::TooBig, Side::Inside, host, Tick{0});
        resets += budgets.allow(Kind::Reset, Side::Inside, host, Tick{0});
    }
    CHECK(errors < 1200);
    CHECK(too_big == 2000);
    CHECK(resets < 700);
}

TEST_CASE("budgets: a rate of 0 allows nothing", "[worker][icmp]") {
    Budgets budgets = make(0, 0);
    for (const Kind kind : {Kind::Error, Kind::TooBig, Kind::Reset})
        CHECK(allowed(budgets, kind, Side::Inside, kHost) == 0);
}
