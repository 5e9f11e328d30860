// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/copy_teller.h"

#include "catch.h"
#include "copy_pair.h"

#include <algorithm>
#include <vector>

namespace copy_teller_test {

using namespace sluice;
using namespace sluice::cluster;
using namespace sluice::cluster::testing;

namespace {

const sync::Owned kOwned{.address = kCopied, .revision = 5};
const sync::Owned kOther{.address = kUncopied, .revision = 6};

}  // namespace

TEST_CASE("copy teller: flows are told when they are wanted, and their ends") {
    CopyTaker taker;
    CopySender sender;
    sender.aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return sender.is_copied(kCopied); }));
    CHECK(taker.keeper->size() == 0);
    const flow::FlowRef late = sender.open(1, false);
    const flow::FlowRef first = sender.open(2);
    CHECK(comes_true([&] { return taker.keeper->size() == 1; }));
    sender.assure(late);
    CHECK(comes_true([&] { return taker.keeper->size() == 2; }));
    REQUIRE(sender.close(first));
    CHECK(comes_true([&] { return taker.keeper->size() == 1; }));
}

TEST_CASE("copy teller: neither flows by other addresses are told, nor those of IPv6 hosts") {
    CopyTaker taker;
    CopySender sender;
    sender.number = flow::testing::original(1).source;
    sender.open(1);
    sender.open(0x101);  // another host, by the other address
    sender.aim(taker, {kOther});
    REQUIRE(comes_true([&] { return sender.is_copied(kUncopied); }));
    CHECK(taker.keeper->size() == 1);
    CHECK_FALSE(sender.is_copied(kCopied));
    sender.open(2);
    sender.open(0x102);
    CHECK(comes_true([&] { return taker.keeper->size() == 2; }));
}

TEST_CASE("copy teller: what ends with an address that is given up goes on elsewhere") {
    CopyTaker taker;
    CopySender sender;
    const flow::FlowRef stopped = sender.open(1);
    const flow::FlowRef ended = sender.open(0x101);
    sender.aim(taker, {kOwned, kOther});
    REQUIRE(comes_true([&] { return taker.keeper->size() == 2; }));
    sender.holdings.hold(0, false);
    REQUIRE(sender.close(stopped));
    REQUIRE(sender.close(ended));
    REQUIRE(comes_true([&] { return taker.keeper->size() == 1; }));
    taker.keeper->fill({kOwned});
    REQUIRE(comes_true([&] { return taker.take(); }));
    REQUIRE(taker.records.size() == 1);
    CHECK(taker.records[0].index == stopped.index());
}

TEST_CASE("copy teller: who is to have other addresses is told all of these anew") {
    CopyTaker taker;
    CopySender sender;
    sender.open(1);
    sender.open(0x101);
    sender.aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return sender.is_copied(kCopied); }));
    sender.aim(taker, {kOther});
    CHECK(comes_true([&] { return sender.is_copied(kUncopied); }));
    CHECK_FALSE(sender.is_copied(kCopied));
    CHECK(comes_true([&] { return taker.keeper->size() == 1; }));
    CHECK_FALSE(taker.keeper->has(kCopied, 5));
}

TEST_CASE("copy teller: who is to have no addresses any more keeps what it was told") {
    CopyTaker taker;
    CopySender sender;
    sender.open(1);
    sender.aim(taker, {kOwned});
    REQUIRE(comes_true([&] { return sender.is_copied(kCopied); }));
    sender.teller->aim({});
    CHECK(comes_true([&] { return !sender.is_copied(kCopied); }));
    CHECK(taker.keeper->has(kCopied, 5));
}

TEST_CASE("copy teller: who is not reached is said once, and reached when it is there") {
    CopySender sender;
    sender.open(1);
    CopyTaker taker;
    const net::Endpoint nowhere{taker.place.address, test::free_port(INADDR_LOOPBACK)};
    sender.teller->aim({{"b", 1, nowhere, {kOwned}}});
    const auto said = [&] {
        const std::lock_guard lock(sender.mutex);
        return std::ranges::count_if(sender.notices, [](const std::string& notice) {
            return notice.starts_with("--cluster: b has no copies of this gateway's flows: ");
        });
    };
    CHECK(comes_true([&] { return said() == 1; }));
    sender.aim(taker, {kOwned});
    CHECK(comes_true([&] { return sender.is_copied(kCopied); }));
    CHECK(said() == 1);
}

}  // namespace copy_teller_test
