// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_keeper.h"

#include "catch.h"
#include "copy_pair.h"

#include <memory>
#include <mutex>
#include <vector>

namespace copy_keeper_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;

namespace {

const sync::Owned kOwned{.address = kCopied, .revision = 5};
const sync::Owned kOther{.address = kUncopied, .revision = 6};

}  // namespace

TEST_CASE("copy keeper: what a gateway has told is put where it is wanted, when it is gone") {
    CopyTaker taker;
    auto sender = std::make_unique<CopySender>();
    sender->open(1);
    sender->open(2);
    sender->aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return sender->is_copied(kCopied); }));
    CHECK(taker.keeper->has(kCopied, 5));
    CHECK_FALSE(taker.keeper->has(kCopied, 4));
    CHECK_FALSE(taker.keeper->has(kUncopied, 5));
    CHECK_FALSE(taker.take());  // they are kept, and not put
    sender.reset();
    taker.keeper->fill({kOwned});
    CHECK(comes_true([&] { return taker.take(); }));
    CHECK(taker.records.size() == 2);
    CHECK(comes_true([&] { return taker.is_filled(kOwned); }));
    CHECK(comes_true([&] { return !taker.keeper->has(kCopied, 5); }));
    CHECK(comes_true([&] { return taker.keeper->size() == 0; }));
}

TEST_CASE("copy keeper: an address is filled when the control core has taken all") {
    CopyTaker taker;
    CopySender sender;
    sender.open(1);
    sender.aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return taker.keeper->has(kCopied, 5); }));
    taker.keeper->fill({kOwned});
    std::vector<sync::Change> changes;
    REQUIRE(comes_true([&] { return taker.inbox.mailbox.take(changes); }));
    CHECK_FALSE(taker.is_filled(kOwned));
    taker.inbox.taken.fetch_add(1, std::memory_order_release);
    CHECK(comes_true([&] { return taker.is_filled(kOwned); }));
}

TEST_CASE("copy keeper: what is not to be had is filled at once") {
    CopyTaker taker;
    taker.keeper->fill({kOwned});
    CHECK(comes_true([&] { return taker.is_filled(kOwned); }));
    CHECK(taker.records.empty());
}

TEST_CASE("copy keeper: who tells flows of a move is not disturbed") {
    CopyTaker taker;
    CopySender sender;
    sender.open(1);
    sender.aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return taker.keeper->has(kCopied, 5); }));
    {
        const std::lock_guard telling(taker.inbox.telling);
        taker.keeper->fill({kOwned});
        // It hears of other things meanwhile.
        sender.open(2);
        REQUIRE(comes_true([&] { return taker.keeper->size() == 2; }));
        CHECK_FALSE(taker.take());
    }
    CHECK(comes_true([&] { return taker.take(); }));
    CHECK(taker.records.size() == 2);
}

TEST_CASE("copy keeper: copies stay until a later owner is known") {
    CopyTaker taker;
    auto sender = std::make_unique<CopySender>();
    sender->open(1);
    sender->open(0x101);
    sender->aim(taker, {kOwned, kOther});
    REQUIRE(comes_true([&] { return taker.keeper->has(kUncopied, 6); }));
    sender.reset();
    taker.keeper->follow(
        {{.address = kCopied, .revision = 4}, {.address = kUncopied, .revision = 7}});
    CHECK(comes_true([&] { return !taker.keeper->has(kUncopied, 6); }));
    CHECK(taker.keeper->has(kCopied, 5));
    taker.keeper->follow({{.address = kCopied, .revision = 6}});
    CHECK(comes_true([&] { return taker.keeper->size() == 0; }));
}

TEST_CASE("copy keeper: copies that nobody tells any more are not kept for long") {
    CopyTaker taker(1000, std::chrono::milliseconds(1));
    auto sender = std::make_unique<CopySender>();
    sender->open(1);
    sender->aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return taker.keeper->has(kCopied, 5); }));
    REQUIRE(comes_true([&] { return sender->is_copied(kCopied); }));
    CHECK(taker.keeper->has(kCopied, 5));  // while it is told, whatever time has gone by
    sender.reset();
    CHECK(comes_true([&] { return !taker.keeper->has(kCopied, 5); }));
    CHECK(comes_true([&] { return taker.keeper->size() == 0; }));
    taker.keeper->fill({kOwned});
    CHECK(comes_true([&] { return taker.is_filled(kOwned); }));
    CHECK(taker.records.empty());
}

TEST_CASE("copy keeper: what it has no room for is counted, and makes no whole") {
    CopyTaker taker(2);
    CopySender sender;
    for (uint32_t n = 0; n < 5; ++n)
        sender.open(n);
    sender.aim(taker, {kOwned});
    CHECK(comes_true([&] { return taker.keeper->refused() >= 3; }));
    CHECK(taker.keeper->size() == 2);
    REQUIRE(comes_true([&] { return taker.keeper->has(kCopied, 5); }));
    CHECK_FALSE(sender.is_copied(kCopied));
}

TEST_CASE("copy keeper: who has more flows than there is room for is not told to be copied anew") {
    CopyTaker taker(3);
    CopySender sender;
    sender.open(1);
    sender.open(2);
    sender.aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return sender.is_copied(kCopied); }));
    sender.aim(taker, {kOwned}, 1);  // told anew, where one of two finds room
    CHECK(comes_true([&] { return taker.keeper->refused() == 1; }));
    CHECK(comes_true([&] { return !sender.is_copied(kCopied); }));
    taker.keeper->fill({kOwned});
    CHECK(comes_true([&] { return taker.take(); }));
    CHECK(taker.records.size() == 2);  // those that were whole
}

}  // namespace copy_keeper_test
