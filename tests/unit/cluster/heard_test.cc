// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/heard.h"

#include "catch.h"

#include <utility>

namespace heard_test {

using namespace sluice;
using namespace sluice::cluster;
using std::chrono::seconds;

namespace {

const Be32 kFirst = Be32::from_host(0xc6336401);
const Be32 kSecond = Be32::from_host(0xc6336402);

Heard heard_by_a() {
    return Heard({"a", 1, {kFirst, kSecond}, seconds(5)});
}

/// At 10 s: b has the first address.
Heard after_read() {
    Heard heard = heard_by_a();
    heard.read({.revision = 20,
                .members = {{"a", 1, false, 7, 18}, {"b", 2, false, 8, 19}},
                .owners = {{kFirst, "b", 2, 8, 15}}},
               seconds(10));
    return heard;
}

}  // namespace

TEST_CASE("heard: before all was read nothing is known, and no news count") {
    Heard heard = heard_by_a();
    CHECK(!heard.news_from());
    CHECK(!heard.hear({.revision = 3, .members = {{"b", 2, false, 8, 3}}}, seconds(1)));
    CHECK(heard.members().empty());
    CHECK(heard.owner(0) == nullptr);
    CHECK(heard.free(0) == nullptr);
}

TEST_CASE("heard: after a read news are wanted from the next revision on") {
    const Heard heard = after_read();
    CHECK(heard.news_from() == 21);
    CHECK(heard.members().size() == 2);
    REQUIRE(heard.owner(0) != nullptr);
    CHECK(heard.owner(0)->name == "b");
}

TEST_CASE("heard: what a read finds to be nobody's is unused a TTL later") {
    const Heard heard = after_read();
    REQUIRE(heard.free(1) != nullptr);
    CHECK(heard.free(1)->from == seconds(15));
    CHECK(!heard.free(1)->was_ours);
}

TEST_CASE("heard: a dead owner's address is unused a TTL after his last write that was heard of") {
    Heard heard = after_read();
    CHECK(heard.hear({.revision = 21, .members = {{"b", 2, false, 8, 21}}}, seconds(12)));
    CHECK(heard.hear({.revision = 25, .gone = {"b"}, .free = {kFirst}}, seconds(16)));
    CHECK(heard.owner(0) == nullptr);
    REQUIRE(heard.last_owner(0) != nullptr);
    CHECK(heard.last_owner(0)->name == "b");
    REQUIRE(heard.free(0) != nullptr);
    CHECK(heard.free(0)->from == seconds(17));
    CHECK(heard.free(0)->heard_at == seconds(16));
    CHECK(!heard.members().contains("b"));
}

TEST_CASE("heard: what this process had itself nobody else has had since") {
    Heard heard = after_read();
    heard.note({kSecond, "a", 1, 7, 22});
    CHECK(heard.owner(1)->name == "a");
    CHECK(heard.free(1) == nullptr);
    heard.hear({.revision = 30, .gone = {"a"}, .free = {kSecond}}, seconds(20));
    REQUIRE(heard.free(1) != nullptr);
    CHECK(heard.free(1)->was_ours);
    CHECK(heard.free(1)->from == seconds(20));
}

TEST_CASE("heard: what an earlier process of the name had is another's") {
    Heard heard = after_read();
    heard.note({kSecond, "a", 99, 6, 22});
    heard.hear({.revision = 30, .free = {kSecond}}, seconds(20));
    CHECK(!heard.free(1)->was_ours);
    CHECK(heard.free(1)->from == seconds(15));  // a's key was heard of at 10 s
}

TEST_CASE("heard: where news were missed a dead owner may have written just now") {
    Heard heard = after_read();
    heard.miss();
    CHECK(!heard.news_from());
    heard.read({.revision = 40, .members = {{"a", 1, false, 7, 39}}}, seconds(30));
    REQUIRE(heard.free(0) != nullptr);
    CHECK(heard.free(0)->from == seconds(35));
    CHECK(!heard.members().contains("b"));
}

TEST_CASE("heard: what is older than what is known changes nothing") {
    Heard heard = after_read();
    CHECK(!heard.hear({.revision = 20, .free = {kFirst}}, seconds(11)));
    heard.note({kFirst, "a", 1, 7, 30});
    heard.note({kFirst, "b", 2, 8, 15});
    CHECK(heard.owner(0)->name == "a");
    CHECK(heard.hear({.revision = 25, .free = {kFirst}}, seconds(12)));
    CHECK(heard.owner(0) != nullptr);
}

TEST_CASE("heard: an address that is none of the cluster's is passed over") {
    Heard heard = after_read();
    const Be32 other = Be32::from_host(1);
    CHECK(heard.hear({.revision = 21, .owners = {{other, "b", 2, 8, 21}}, .free = {other}},
                     seconds(11)));
    CHECK(heard.addresses().size() == 2);
}

TEST_CASE("heard: it changes with owners and where members are, and not when those renew") {
    Heard heard = after_read();
    const Inside inside{Be32::from_host(0x0a000002), {2, 0, 0, 0, 0, 2}};
    uint64_t before = heard.changes();
    const auto has_changed = [&] { return std::exchange(before, heard.changes()) != before; };
    heard.hear({.revision = 21, .members = {{"b", 2, false, 8, 21}}}, seconds(11));
    CHECK(!has_changed());
    heard.hear({.revision = 22, .members = {{"b", 2, false, 8, 22, inside}}}, seconds(12));
    CHECK(has_changed());
    heard.hear({.revision = 23, .members = {{"b", 2, false, 8, 23, inside}}}, seconds(13));
    CHECK(!has_changed());
    heard.hear({.revision = 24, .owners = {{kSecond, "b", 2, 8, 24}}}, seconds(14));
    CHECK(has_changed());
    heard.note({kSecond, "a", 1, 7, 25});
    CHECK(has_changed());
    heard.hear({.revision = 26, .free = {kSecond}}, seconds(15));
    CHECK(has_changed());
    heard.hear({.revision = 27, .gone = {"b"}}, seconds(16));
    CHECK(has_changed());
    heard.hear({.revision = 28, .gone = {"b"}}, seconds(17));
    CHECK(!has_changed());
}

TEST_CASE("heard: a place is told by all keys before the news do") {
    Heard heard = after_read();
    const News all{.revision = 33, .owners = {{kFirst, "c", 3, 9, 31}}};
    heard.note_place(0, all, seconds(14));
    CHECK(heard.owner(0)->name == "c");
    heard.note({kSecond, "a", 1, 7, 22});
    heard.note_place(1, all, seconds(14));
    REQUIRE(heard.free(1) != nullptr);
    CHECK(heard.free(1)->from == seconds(19));
    CHECK(heard.news_from() == 21);
}

}  // namespace heard_test
