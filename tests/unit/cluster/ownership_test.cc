// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/ownership.h"

#include "by_hand.h"
#include "catch.h"
#include "cluster_model.h"

#include <algorithm>
#include <array>
#include <string>

namespace ownership_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;

namespace {

constexpr size_t kAddresses = 12;

/// Gateways a, b and c that share all addresses.
ClusterModel three(uint64_t seed, Weather weather = {.late = 0, .lost = 0}) {
    ClusterModel model(seed, kAddresses, weather);
    for (const char* name : {"a", "b", "c"})
        model.start(name);
    model.run(seconds(12));
    return model;
}

/// Whatever may happen to one of them.
void disturb(ClusterModel& model) {
    const std::string name(1, static_cast<char>('a' + static_cast<int>(model.between(0, 3.99))));
    const double what = model.between(0, 6);
    if (!model.is_up(name) || model.of(name).has_left())
        model.start(name);
    else if (what < 1)
        model.kill(name);
    else if (what < 2)
        model.leave(name);
    else if (what < 4)
        model.cut(name, model.chance(0.6));
    else
        model.hush(name, model.chance(0.6));
}

}  // namespace

TEST_CASE("ownership: a renewal counts from when it was sent, not from its answer") {
    ByHand a;
    CHECK(a.ownership.has(0));
    CHECK(a.ownership.use_until() == seconds(10) + Timing{}.use_for());
    a.put<KeepAlive>(seconds(11), {.kind = Answer::Kind::Done});
    a.put<PutMember>(seconds(11), {.kind = Answer::Kind::Done, .revision = 21}, milliseconds(900));
    CHECK(a.ownership.use_until() == seconds(11) + Timing{}.use_for());
}

TEST_CASE("ownership: a keep-alive alone is no renewal") {
    ByHand a;
    const Moment until = a.ownership.use_until();
    a.put<KeepAlive>(seconds(11), {.kind = Answer::Kind::Done});
    a.put<PutMember>(seconds(11), kNoAnswer, seconds(1));
    CHECK(a.ownership.use_until() == until);
}

TEST_CASE("ownership: a renewal whose answer was lost is sent again, with what is there") {
    ByHand a;
    a.put<KeepAlive>(seconds(11), {.kind = Answer::Kind::Done});
    a.put<PutMember>(seconds(11), kNoAnswer, seconds(1));
    a.put<KeepAlive>(seconds(13), {.kind = Answer::Kind::Done});
    Answer found = kRefused;
    found.found = Member{"a", 1, false, 7, 25};
    CHECK(a.put<PutMember>(seconds(13), found).member.revision == 20);
    CHECK(a.put<PutMember>(seconds(13), {.kind = Answer::Kind::Done, .revision = 26})
              .member.revision == 25);
    CHECK(a.ownership.has(0));
}

TEST_CASE("ownership: a renewal that is refused ends all, and a new lease is asked for") {
    ByHand a;
    a.put<KeepAlive>(seconds(11), kRefused);
    a.put<PutMember>(seconds(11), kRefused);
    CHECK(!a.ownership.has(0));
    CHECK(a.ownership.use_until() < Moment{});
    a.put<Grant>(seconds(11), {.kind = Answer::Kind::Done, .lease = 9});
    CHECK(!a.ownership.has(0));  // its key has the old one
}

TEST_CASE("ownership: an address is given away after a wait without use, by both revisions") {
    ByHand a;
    a.add_other();
    CHECK(!a.ownership.next(seconds(10)));
    CHECK(!a.ownership.has(0));
    CHECK(!a.ownership.next(seconds(10) + Timing{}.margin - milliseconds(1)));
    const PutOwners put = a.put<PutOwners>(seconds(10) + Timing{}.margin,
                                           {.kind = Answer::Kind::Done, .revision = 31});
    CHECK(put.owners.at(0).lease == 8);
    CHECK(put.owners.at(0).instance == 2);
    CHECK(put.owners.at(0).revision == 10);
    CHECK(put.by == "a");
    CHECK(put.guard == 20);
    CHECK(!a.ownership.has(0));
}

TEST_CASE("ownership: where a gift is refused the address stays") {
    ByHand a;
    a.add_other();
    CHECK(!a.ownership.next(seconds(10)));
    a.put<PutOwners>(seconds(10) + Timing{}.margin, kRefused);
    CHECK(a.ownership.has(0));
}

TEST_CASE("ownership: a gift that is not answered rests until a read after a renewal") {
    ByHand a;
    a.add_other();
    CHECK(!a.ownership.next(seconds(10)));
    a.put<PutOwners>(seconds(10) + Timing{}.margin, kNoAnswer);
    CHECK(!a.ownership.has(0));
    CHECK(!a.ownership.next(milliseconds(10600)));
    a.put<KeepAlive>(seconds(11), {.kind = Answer::Kind::Done});
    a.put<PutMember>(seconds(11), {.kind = Answer::Kind::Done, .revision = 32});
    CHECK(!a.ownership.has(0));
    Answer read{.kind = Answer::Kind::Done, .read = {.revision = 33}};
    read.read.owners = {{kAddress, "a", 1, 7, 10}};
    a.put<Read>(seconds(11), read);
    CHECK(a.ownership.has(0));
}

TEST_CASE("ownership: a gift that came true without an answer is gone") {
    ByHand a;
    a.add_other();
    CHECK(!a.ownership.next(seconds(10)));
    a.put<PutOwners>(seconds(10) + Timing{}.margin, kNoAnswer);
    a.put<KeepAlive>(seconds(11), {.kind = Answer::Kind::Done});
    a.put<PutMember>(seconds(11), {.kind = Answer::Kind::Done, .revision = 32});
    Answer read{.kind = Answer::Kind::Done, .read = {.revision = 33}};
    read.read.owners = {{kAddress, "b", 2, 8, 31}};
    a.put<Read>(seconds(11), read);
    CHECK(!a.ownership.has(0));
}

TEST_CASE("ownership: who leaves while the store does not answer leaves all the same") {
    ByHand a;
    a.add_other();
    a.ownership.leave(seconds(13));
    CHECK(!a.ownership.has_left());
    a.put<KeepAlive>(seconds(11), kNoAnswer, seconds(1));
    CHECK(a.put<PutMember>(seconds(12), kNoAnswer, seconds(1)).member.leaves);
    CHECK(a.put<Revoke>(seconds(13), kNoAnswer, seconds(1)).lease == 7);
    CHECK(a.ownership.has_left());
    CHECK(a.ownership.use_until() < Moment{});
    CHECK(!a.ownership.next(seconds(20)));
}

TEST_CASE("ownership: another's name is no name to join by") {
    Ownership b({"a", 2, {kAddress}, {}});
    Answer found = kRefused;
    found.found = Member{"a", 1, false, 7, 25};
    for (const int second : {1, 2, 3}) {
        CHECK(std::holds_alternative<Grant>(b.next(seconds(second)).value()));
        b.answer({.kind = Answer::Kind::Done, .lease = 90 + second}, seconds(second));
        CHECK(std::holds_alternative<PutMember>(b.next(seconds(second)).value()));
        b.answer(found, seconds(second));
        CHECK(b.rival_since() == seconds(1));
        CHECK(!b.next(seconds(second)));
    }
    b.next(seconds(4));
    b.answer({.kind = Answer::Kind::Done, .lease = 99}, seconds(4));
    b.next(seconds(4));
    b.answer({.kind = Answer::Kind::Done, .revision = 30}, seconds(4));
    CHECK(!b.rival_since());
}

TEST_CASE("ownership: of several that are refused together each is asked for again, in fewer") {
    std::vector<Be32> addresses;
    for (uint32_t i = 0; i < 8; ++i)
        addresses.push_back(Be32::from_host(0xc6336400 + i));
    Ownership a({"a", 1, addresses, {}});
    const auto asked = [&](Moment now) { return a.next(now).value(); };
    asked(seconds(1));
    a.answer({.kind = Answer::Kind::Done, .lease = 7}, seconds(1));
    asked(seconds(1));
    a.answer({.kind = Answer::Kind::Done, .revision = 11}, seconds(1));
    asked(seconds(1));
    a.answer(
        {.kind = Answer::Kind::Done, .read = {.revision = 11, .members = {{"a", 1, false, 7, 11}}}},
        seconds(1));
    asked(seconds(6));
    a.answer({.kind = Answer::Kind::Done}, seconds(6));
    asked(seconds(6));
    a.answer({.kind = Answer::Kind::Done, .revision = 12}, seconds(6));
    a.hear({.revision = 12, .members = {{"a", 1, false, 7, 12}}}, seconds(6));
    for (const size_t count : {8U, 4U, 2U, 1U}) {
        CHECK(std::get<PutOwners>(asked(seconds(6))).owners.size() == count);
        a.answer(kRefused, seconds(6));
    }
    // That one waits, and the others go on.
    const auto next = std::get<PutOwners>(asked(seconds(6)));
    REQUIRE(next.owners.size() == 1);
    CHECK(next.owners[0].address == addresses[1]);
    a.answer({.kind = Answer::Kind::Done, .revision = 13}, seconds(6));
    CHECK(a.has(1));
    CHECK(!a.has(0));
    CHECK(std::get<PutOwners>(asked(seconds(6))).owners.size() == 2);
}

TEST_CASE("ownership: nothing is taken before the news of its own last renewal have come") {
    ByHand a;
    a.ownership.hear({.revision = 31, .members = {{"a", 1, false, 7, 20}}, .free = {kAddress}},
                     seconds(10));
    a.put<KeepAlive>(seconds(11), {.kind = Answer::Kind::Done});
    a.put<PutMember>(seconds(11), {.kind = Answer::Kind::Done, .revision = 40});
    CHECK(!a.ownership.next(milliseconds(11500)));
    a.ownership.hear({.revision = 40, .members = {{"a", 1, false, 7, 40}}}, milliseconds(11500));
    const PutOwners put = a.put<PutOwners>(milliseconds(11500), kRefused);
    CHECK(put.owners.at(0).revision == 0);
    CHECK(put.guard == 40);
    CHECK(put.owners.at(0).lease == 7);
}

TEST_CASE("ownership: a cluster's addresses are used by one gateway each, in fair shares") {
    const ClusterModel model = three(1);
    CHECK(model.unused() == 0);
    const auto shares = model.shares();
    REQUIRE(shares.size() == 3);
    for (const auto& [name, share] : shares)
        CHECK(share <= 5);  // 1.1 of 4, rounded up
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: nothing is used before a TTL has passed since the first look") {
    ClusterModel model(1, kAddresses, {.late = 0, .lost = 0});
    model.start("a");
    model.run(milliseconds(4900));
    CHECK(model.unused() == kAddresses);
    model.run(seconds(2));
    CHECK(model.unused() == 0);
}

TEST_CASE("ownership: a gateway that joins is given its share") {
    ClusterModel model = three(2);
    model.start("d");
    model.run(seconds(12));
    CHECK(model.shares()["d"] >= 1);
    CHECK(model.unused() == 0);
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: a gateway that leaves hands all over, and has left") {
    ClusterModel model = three(3);
    model.leave("a");
    model.run(seconds(2));
    CHECK(model.of("a").has_left());
    CHECK(model.shares().count("a") == 0);
    CHECK(model.unused() == 0);
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: the last one that leaves waits for nobody") {
    ClusterModel model(1, kAddresses, {.late = 0, .lost = 0});
    model.start("a");
    model.run(seconds(8));
    REQUIRE(model.unused() == 0);
    model.leave("a");
    model.run(seconds(1));
    CHECK(model.of("a").has_left());
}

TEST_CASE("ownership: a dead gateway's addresses are others' a TTL later") {
    ClusterModel model = three(4);
    model.kill("a");
    model.run(milliseconds(3500));
    CHECK(model.unused() > 0);
    model.run(milliseconds(3500));
    CHECK(model.unused() == 0);
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: who does not reach the store stops before others begin, and comes back") {
    ClusterModel model = three(5);
    model.cut("a", true);
    model.run(milliseconds(4800));
    CHECK(model.shares().count("a") == 0);
    model.run(seconds(4));
    CHECK(model.unused() == 0);
    model.cut("a", false);
    model.run(seconds(12));
    CHECK(model.shares()["a"] >= 1);
    CHECK(model.unused() == 0);
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: after the store was away for all each has what it had") {
    ClusterModel model = three(6);
    std::array<std::vector<std::string>, kAddresses> before;
    for (size_t i = 0; i < kAddresses; ++i)
        before[i] = model.users(i);
    for (const char* name : {"a", "b", "c"})
        model.cut(name, true);
    model.run(seconds(15));
    CHECK(model.unused() == kAddresses);
    for (const char* name : {"a", "b", "c"})
        model.cut(name, false);
    model.run(seconds(5));
    for (size_t i = 0; i < kAddresses; ++i)
        CHECK(model.users(i) == before[i]);
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: a process that is back at once waits for the lease of the one before") {
    ClusterModel model = three(7);
    model.kill("a");
    model.run(seconds(1));
    model.start("a");
    model.run(seconds(20));
    CHECK(model.shares()["a"] >= 1);
    CHECK(model.unused() == 0);
    CHECK(model.twice() == 0);
}

TEST_CASE("ownership: no order of messages and events lets two use one address") {
    const uint64_t seeds = 24;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const bool is_rough = seed % 3 == 0;
        ClusterModel model = three(seed, {.late = is_rough ? 0.1 : 0.01,
                                          .lost = is_rough ? 0.1 : 0.01,
                                          .store_rate = seed % 5 == 0 ? 0.5 : 0});
        for (int event = 0; event < 16; ++event) {
            disturb(model);
            model.run(milliseconds(static_cast<int64_t>(model.between(20, 6000))));
        }
        INFO("seed " << seed);
        REQUIRE(model.twice() == 0);
        model.calm();
        for (const char* name : {"a", "b"})
            if (!model.is_up(name) || model.of(name).has_left())
                model.start(name);
        model.run(seconds(25));
        REQUIRE(model.unused() == 0);
        REQUIRE(model.twice() == 0);
    }
}

TEST_CASE("ownership: clocks that are further off than the bound do let two") {
    size_t twice = 0;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        ClusterModel model = three(seed);
        model.set_rate("a", 1 - 1.0 / 10);
        for (const char* name : {"b", "c"})
            model.set_rate(name, 1 + 1.0 / 10);
        model.run(seconds(5));
        model.cut("a", true);
        model.run(seconds(10));
        twice += model.twice();
    }
    CHECK(twice != 0);
}

}  // namespace ownership_test
