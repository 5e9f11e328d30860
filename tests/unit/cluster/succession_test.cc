// SPDX-License-Identifier: BSD-3-Clause

/// \file
/// An address whose owner is gone is used when the copies of its flows are in place, and
/// who is to have copies is who is to have the address.

#include "by_hand.h"
#include "catch.h"
#include "cluster/copy_plan.h"
#include "cluster/ownership.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace succession_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;

namespace {

constexpr Revision kLast = 9;
const std::vector<sync::Owned> kWanted{{.address = kAddress, .revision = kLast}};

/// What is kept is of b, while its key of the address had that revision.
std::function<bool(const Owner&)> of_b(Revision copies) {
    return [copies](const Owner& owner) { return owner.name == "b" && owner.revision == copies; };
}

OwnershipParams params_with(std::function<bool(const Owner&)> has_copies) {
    return {"a", 1, {kAddress}, {}, {}, kTakesAt, std::move(has_copies)};
}

/// Gateway a, and b, which has the address and dies at 10 s.
struct Heir {
    explicit Heir(Revision copies) : ownership(params_with(of_b(copies))) {
        put<Grant>(seconds(1), {.kind = Answer::Kind::Done, .lease = 7});
        put<PutMember>(seconds(2), {.kind = Answer::Kind::Done, .revision = 11});
        put<Read>(
            seconds(2),
            {.kind = Answer::Kind::Done,
             .read = {.revision = 11,
                      .members = {{"a", 1, false, 7, 11}, {"b", 2, false, 8, 8, {}, kTakesAt}},
                      .owners = {{kAddress, "b", 2, 8, kLast}}}});
        ownership.hear({.revision = 12, .gone = {"b"}, .free = {kAddress}}, seconds(10));
        put<KeepAlive>(seconds(16), {.kind = Answer::Kind::Done});
        put<PutMember>(seconds(16), {.kind = Answer::Kind::Done, .revision = 20});
        ownership.hear({.revision = 20, .members = {{"a", 1, false, 7, 20}}}, seconds(16));
    }
    template <typename T>
    void put(Moment now, const Answer& answer) {
        const auto request = ownership.next(now);
        REQUIRE(request);
        REQUIRE(std::holds_alternative<T>(*request));
        ownership.answer(answer, now);
    }
    void take(const Answer& answer = {.kind = Answer::Kind::Done, .revision = 21}) {
        put<PutOwners>(seconds(16), answer);
    }

    Ownership ownership;
};

}  // namespace

TEST_CASE("succession: an address is used when its copies are in place") {
    Heir heir(kLast);
    CHECK(to_fill(heir.ownership, "a").empty());
    heir.take();
    CHECK(!heir.ownership.has(0));
    CHECK(to_fill(heir.ownership, "a") == kWanted);
    heir.ownership.succession().filled({0, kLast - 1});  // of another ownership
    CHECK(!heir.ownership.has(0));
    heir.ownership.succession().filled({0, kLast});
    CHECK(heir.ownership.has(0));
    CHECK(to_fill(heir.ownership, "a").empty());
}

TEST_CASE("succession: copies of another ownership are not used, nor waited for") {
    Heir heir(kLast - 1);
    heir.take();
    CHECK(heir.ownership.has(0));
    CHECK(to_fill(heir.ownership, "a").empty());
}

TEST_CASE("succession: copies that do not come are waited for five seconds") {
    Heir heir(kLast);
    heir.take();
    heir.ownership.next(seconds(21) - milliseconds(1));
    CHECK(!heir.ownership.has(0));
    heir.ownership.next(seconds(21));
    CHECK(heir.ownership.has(0));
}

TEST_CASE("succession: a write whose answer was lost is filled all the same") {
    Heir heir(kLast);
    heir.take(kNoAnswer);
    CHECK(to_fill(heir.ownership, "a").empty());
    heir.ownership.hear({.revision = 21, .owners = {{kAddress, "a", 1, 7, 21}}}, seconds(17));
    CHECK(!heir.ownership.has(0));
    CHECK(to_fill(heir.ownership, "a") == kWanted);
}

TEST_CASE("succession: who was before this gateway needs no copies of it") {
    Heir heir(kLast);
    heir.take(kNoAnswer);
    heir.ownership.hear({.revision = 21, .owners = {{kAddress, "c", 3, 9, 21}}}, seconds(17));
    CHECK(to_fill(heir.ownership, "a").empty());
    heir.ownership.hear({.revision = 22, .owners = {{kAddress, "a", 1, 7, 22}}}, seconds(17));
    CHECK(heir.ownership.has(0));  // it was handed over, with its flows
}

TEST_CASE("succession: where news were missed nobody knows whose the copies are") {
    Heir heir(kLast);
    heir.ownership.miss();
    heir.put<Read>(seconds(16), {.kind = Answer::Kind::Done,
                                 .read = {.revision = 20, .members = {{"a", 1, false, 7, 20}}}});
    for (int64_t i = 17; i < 21; ++i) {
        heir.put<KeepAlive>(seconds(i), {.kind = Answer::Kind::Done});
        heir.put<PutMember>(seconds(i), {.kind = Answer::Kind::Done, .revision = 4 + i});
        heir.ownership.hear({.revision = 4 + i, .members = {{"a", 1, false, 7, 4 + i}}},
                            seconds(i));
    }
    heir.put<KeepAlive>(seconds(21), {.kind = Answer::Kind::Done});
    heir.put<PutMember>(seconds(21), {.kind = Answer::Kind::Done, .revision = 25});
    heir.ownership.hear({.revision = 25, .members = {{"a", 1, false, 7, 25}}}, seconds(21));
    heir.put<PutOwners>(seconds(21), {.kind = Answer::Kind::Done, .revision = 26});
    CHECK(heir.ownership.has(0));
}

TEST_CASE("succession: who has copies is who takes the address when its owner is gone") {
    std::vector<Be32> addresses;
    for (uint32_t i = 0; i < 32; ++i)
        addresses.push_back(Be32::from_host(kAddress.host() + i));
    ByHand a(addresses);
    News news{.revision = 30};
    for (const char* name : {"b", "c", "d"})
        news.members.push_back({name, 2, false, 8, 30, {}, kTakesAt});
    a.ownership.hear(news, seconds(10));
    a.ownership.next(seconds(10));
    const Shares after(addresses, {"b", "c", "d"});
    size_t kept = 0;
    for (const CopyGoal& goal : copy_goals(a.ownership)) {
        CHECK(goal.to == kTakesAt);
        CHECK(goal.instance == 2);
        for (const sync::Owned& owned : goal.owned) {
            const size_t i = owned.address.host() - kAddress.host();
            CHECK(goal.name == *after.first(i));
            CHECK(a.ownership.has(i));  // others are on their way to others
            CHECK(owned.revision == 10);
            ++kept;
        }
    }
    size_t held = 0;
    for (size_t i = 0; i < addresses.size(); ++i)
        held += a.ownership.has(i);
    CHECK(kept == held);
    CHECK(kept > 0);
}

TEST_CASE("succession: what goes by an address that was not used for a while is told anew") {
    std::vector<Be32> addresses;
    for (uint32_t i = 0; i < 32; ++i)
        addresses.push_back(Be32::from_host(kAddress.host() + i));
    ByHand a(addresses);
    const auto come = [&](const char* name, Revision revision) {
        a.ownership.hear(
            {.revision = revision, .members = {{name, 2, false, 8, revision, {}, kTakesAt}}},
            seconds(10));
        a.ownership.next(seconds(10));
    };
    come("b", 30);
    std::vector<uint64_t> stops(addresses.size());
    for (size_t i = 0; i < addresses.size(); ++i)
        stops[i] = a.ownership.has(i) ? 0 : 1;
    a.ownership.hear({.revision = 31, .gone = {"b"}}, seconds(10));
    a.ownership.next(seconds(10));
    come("c", 32);  // what c is not to have stays here, and c gets copies of it
    const auto goals = copy_goals(a.ownership);
    REQUIRE(goals.size() == 1);
    uint64_t expected = 0;
    for (const sync::Owned& owned : goals[0].owned)
        expected += stops[owned.address.host() - kAddress.host()];
    CHECK(expected != 0);
    CHECK(goals[0].stops == expected);
}

TEST_CASE("succession: what is known of owners leaves out addresses that wait for copies") {
    Heir heir(kLast);
    heir.take();
    CHECK(known_owners(heir.ownership).empty());
    heir.ownership.succession().filled({0, kLast});
    CHECK(known_owners(heir.ownership) ==
          std::vector<sync::Owned>{{.address = kAddress, .revision = 21}});
}

TEST_CASE("succession: nobody has copies where this gateway is alone, or the next takes none") {
    ByHand a;
    a.ownership.next(seconds(10));
    CHECK(copy_goals(a.ownership).empty());
    a.ownership.hear({.revision = 30, .members = {{"z", 2, false, 8, 30}}}, seconds(10));
    a.ownership.next(seconds(10));
    CHECK(copy_goals(a.ownership).empty());
}

}  // namespace succession_test
