// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// Ownership: who is to have an address is told what goes by it first.

#include "by_hand.h"
#include "catch.h"
#include "cluster/ownership.h"

#include <vector>

namespace telling_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;

TEST_CASE("ownership: who is to have an address is told what goes by it before it is written") {
    ByHand a;
    a.add_other(kTakesAt);
    CHECK(!a.ownership.next(seconds(10)));
    CHECK(!a.ownership.to_tell(seconds(10)));  // workers may not have seen it
    const Moment seen = seconds(10) + Timing{}.margin;
    const auto move = a.ownership.to_tell(seen);
    REQUIRE(move);
    CHECK(move->indexes == std::vector<size_t>{0});
    CHECK(move->to == kTakesAt);
    CHECK(move->instance == a.ownership.heard().members().at(move->name).instance);
    CHECK(!a.ownership.next(seen));
    CHECK(!a.ownership.has(0));
    a.ownership.told(*move);
    CHECK(!a.ownership.to_tell(seen));
    const PutOwners put = a.put<PutOwners>(seen, {.kind = Answer::Kind::Done, .revision = 31});
    CHECK(put.owners.at(0).name == move->name);
}

TEST_CASE("ownership: who cannot be told gets the address all the same, after five seconds") {
    ByHand a;
    a.add_other(kTakesAt);
    CHECK(!a.ownership.next(seconds(10)));
    const Moment seen = seconds(10) + Timing{}.margin;
    REQUIRE(a.ownership.to_tell(seen));
    a.renew(seconds(12), 40);
    a.renew(seconds(14), 41);
    a.renew(seconds(15), 42);
    CHECK(!a.ownership.next(seen + seconds(5) - milliseconds(1)));
    CHECK(!a.ownership.to_tell(seen + seconds(5)));
    a.put<PutOwners>(seen + seconds(5), {.kind = Answer::Kind::Done, .revision = 43});
}

TEST_CASE("ownership: who takes no flows tells none, and gives the address at once") {
    ByHand a({kAddress}, {});
    a.add_other(kTakesAt);
    CHECK(!a.ownership.next(seconds(10)));
    const Moment seen = seconds(10) + Timing{}.margin;
    CHECK(!a.ownership.to_tell(seen));
    a.put<PutOwners>(seen, {.kind = Answer::Kind::Done, .revision = 31});
}

TEST_CASE("ownership: who is gone is waited for no more") {
    ByHand a;
    a.add_other(kTakesAt);
    CHECK(!a.ownership.next(seconds(10)));
    const auto move = a.ownership.to_tell(seconds(10) + Timing{}.margin);
    REQUIRE(move);
    a.ownership.hear({.revision = 31, .gone = {move->name}}, seconds(10));
    CHECK(!a.ownership.next(seconds(10)));
    CHECK(a.ownership.has(0));
}

TEST_CASE("ownership: who does not answer takes no more than his part of the time") {
    std::vector<Be32> addresses;
    for (uint32_t i = 0; i < 8; ++i)
        addresses.push_back(Be32::from_host(kAddress.host() + i));
    ByHand a(addresses);
    a.add_two();
    CHECK(!a.ownership.next(seconds(10)));
    const Moment seen = seconds(10) + Timing{}.margin;
    const auto first = a.ownership.to_tell(seen);
    REQUIRE(first);
    CHECK(first->by == seen + milliseconds(2500));
    a.ownership.told(*first);
    const auto second = a.ownership.to_tell(seen + milliseconds(2500));
    REQUIRE(second);
    CHECK(second->name != first->name);
    CHECK(second->by == seen + seconds(5));
}

TEST_CASE("ownership: what was used again meanwhile is told again") {
    ByHand a;
    a.add_other(kTakesAt);
    CHECK(!a.ownership.next(seconds(10)));
    const Moment seen = seconds(10) + Timing{}.margin;
    const auto move = a.ownership.to_tell(seen);
    REQUIRE(move);
    a.ownership.hear({.revision = 31, .gone = {move->name}}, seen);
    a.ownership.told(*move);
    CHECK(!a.ownership.next(seen));
    CHECK(a.ownership.has(0));
    News back{.revision = 32, .members = {{move->name, 3, false, 9, 32, {}, kTakesAt}}};
    a.ownership.hear(back, seen);
    CHECK(!a.ownership.next(seen));
    CHECK(!a.ownership.has(0));
    a.ownership.told(*move);
    CHECK(a.ownership.to_tell(seen + Timing{}.margin));
}

TEST_CASE("ownership: another process of the name has not been told") {
    ByHand a;
    a.add_other(kTakesAt);
    CHECK(!a.ownership.next(seconds(10)));
    const Moment seen = seconds(10) + Timing{}.margin;
    const auto move = a.ownership.to_tell(seen);
    REQUIRE(move);
    a.ownership.told(*move);
    News other{.revision = 31, .members = {{move->name, 3, false, 9, 31, {}, kTakesAt}}};
    a.ownership.hear(other, seen);
    CHECK(!a.ownership.next(seen));  // it is used again
    CHECK(a.ownership.has(0));
}

}  // namespace telling_test
