// SPDX-License-Identifier: BSD-3-Clause
#include "pool/holdings.h"

#include "catch.h"

#include <array>

namespace holdings_test {

using namespace sluice;
using namespace sluice::pool;

namespace {

Be32 address(uint32_t last) {
    return Be32::from_host(0xc6336400 + last);
}

}  // namespace

TEST_CASE("holdings: at first none of them is held, and no moment has been said") {
    const Holdings holdings({address(1), address(2)});
    CHECK(!holdings.has(address(1)));
    CHECK(!holdings.has(address(2)));
    CHECK(holdings.until() == std::chrono::nanoseconds::min());
}

TEST_CASE("holdings: an address that is none of them is nobody else's") {
    const Holdings holdings({address(1), address(2), address(9)});
    for (const uint32_t last : {0U, 3U, 8U, 10U})
        CHECK(holdings.has(address(last)));
    CHECK(holdings.has(Be32{}));
    CHECK(holdings.has(Be32::from_host(0xffffffff)));
}

TEST_CASE("holdings: each is held by itself, with gaps between them or without") {
    Holdings holdings({address(1), address(2), address(9)});
    holdings.hold(2, true);
    CHECK(holdings.has(address(9)));
    CHECK(holdings.is_held(2));
    CHECK(!holdings.has(address(1)));
    CHECK(!holdings.has(address(2)));
    holdings.hold(0, true);
    holdings.hold(2, false);
    CHECK(holdings.has(address(1)));
    CHECK(!holdings.has(address(9)));
}

TEST_CASE("holdings: an address is lost when another gateway has it, and not while nobody has") {
    Holdings holdings({address(1), address(2)});
    CHECK(!holdings.is_lost(address(1)));
    holdings.leave_to_other(0, true);
    CHECK(holdings.is_others(0));
    CHECK(!holdings.is_others(1));
    CHECK(holdings.is_lost(address(1)));
    CHECK(!holdings.is_lost(address(2)));
    CHECK(!holdings.is_lost(address(3)));
    holdings.leave_to_other(0, false);
    holdings.hold(0, true);
    CHECK(!holdings.is_lost(address(1)));
}

TEST_CASE("holdings: an owner is known until another, or none, is said") {
    Holdings holdings({address(1), address(2), address(9)});
    const Be32 gateway = Be32::from_host(0x0a000002);
    CHECK(!holdings.owner_of(address(2)));
    holdings.be_owned_at(1, gateway);
    CHECK(holdings.owner_of(address(2)) == gateway);
    CHECK(holdings.owner_at(1) == gateway);
    for (const uint32_t last : {0U, 1U, 3U, 9U, 10U})
        CHECK(!holdings.owner_of(address(last)));
    holdings.be_owned_at(1, Be32::from_host(0x0a000003));
    CHECK(holdings.owner_of(address(2)) == Be32::from_host(0x0a000003));
    holdings.be_owned_at(1, std::nullopt);
    CHECK(!holdings.owner_of(address(2)));
}

TEST_CASE("holdings: a member is known by its MAC until it is none any more") {
    Holdings holdings({address(1)});
    CHECK(!holdings.is_member(0));
    CHECK(holdings.add_member(0x020000000001));
    CHECK(holdings.add_member(0x020000000002));
    CHECK(holdings.add_member(0x020000000001));
    CHECK(holdings.is_member(0x020000000001));
    CHECK(holdings.is_member(0x020000000002));
    CHECK(!holdings.is_member(0x020000000003));
    const std::array<uint64_t, 1> kept{0x020000000002};
    holdings.keep_members(kept);
    CHECK(!holdings.is_member(0x020000000001));
    CHECK(holdings.is_member(0x020000000002));
    CHECK(!holdings.is_member(0));
}

TEST_CASE("holdings: there is room for so many members, and again when some are gone") {
    Holdings holdings({address(1)});
    for (uint64_t mac = 0; mac < Holdings::kMostMembers; ++mac)
        CHECK(holdings.add_member(mac));
    CHECK(!holdings.add_member(Holdings::kMostMembers));
    CHECK(holdings.add_member(7));
    CHECK(holdings.is_member(0));
    CHECK(holdings.is_member(Holdings::kMostMembers - 1));
    CHECK(!holdings.is_member(Holdings::kMostMembers));
    holdings.keep_members({});
    CHECK(!holdings.is_member(0));
    CHECK(holdings.add_member(Holdings::kMostMembers));
}

TEST_CASE("holdings: they are settled until what is held, or another's, changes") {
    Holdings holdings({address(1), address(2)});
    CHECK(!holdings.is_settled());  // flows of a process before may be there
    holdings.settle(holdings.edition());
    CHECK(holdings.is_settled());
    const uint32_t before = holdings.edition();
    holdings.hold(0, true);
    CHECK(!holdings.is_settled());
    holdings.settle(before);
    CHECK(!holdings.is_settled());
    holdings.settle(holdings.edition());
    holdings.leave_to_other(1, true);
    CHECK(!holdings.is_settled());
}

TEST_CASE("holdings: without a cluster every address is usable") {
    Holdings holdings({address(1)});
    CHECK(is_usable(nullptr, address(1)));
    CHECK(!is_usable(&holdings, address(1)));
    CHECK(is_usable(&holdings, address(2)));
    holdings.hold(0, true);
    CHECK(is_usable(&holdings, address(1)));
}

TEST_CASE("holdings: they may be used before that moment, and not at it") {
    Holdings holdings({address(1)});
    CHECK(!holdings.may_use(std::chrono::nanoseconds{}));
    holdings.extend(std::chrono::seconds(7));
    CHECK(holdings.may_use(std::chrono::seconds(7) - std::chrono::nanoseconds(1)));
    CHECK(!holdings.may_use(std::chrono::seconds(7)));
    CHECK(!holdings.may_use(address(1), std::chrono::seconds(6)));
    holdings.hold(0, true);
    CHECK(holdings.may_use(address(1), std::chrono::seconds(6)));
    CHECK(!holdings.may_use(address(1), std::chrono::seconds(7)));
    CHECK(holdings.may_use(address(2), std::chrono::seconds(7)));
}

TEST_CASE("holdings: the moment is the last one that was said") {
    Holdings holdings({address(1)});
    holdings.extend(std::chrono::seconds(7));
    CHECK(holdings.until() == std::chrono::seconds(7));
    holdings.extend(std::chrono::nanoseconds::min());
    CHECK(holdings.until() == std::chrono::nanoseconds::min());
}

}  // namespace holdings_test
