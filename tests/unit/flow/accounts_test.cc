// SPDX-License-Identifier: BSD-3-Clause
#include "flow/accounts.h"

#include "catch.h"

#include <array>

namespace accounts_test {

using namespace sluice;
using namespace sluice::flow;
using enum net::Direction;

TEST_CASE("accounts: each flow and direction has its own", "[flow][accounting]") {
    std::array<Account, 3> memory;
    Accounts accounts(memory);
    REQUIRE(accounts.is_on());
    accounts.begin(0, 100);
    accounts.begin(1, 200);
    accounts.add({1, Original}, {1, 50});
    accounts.add({1, Reply}, {1, 7});
    accounts.add({1, Reply}, {0, 1480});  // the rest of a datagram
    CHECK(accounts.read(0) == BothTraffic{{{1, 100}, {}}});
    CHECK(accounts.read(1) == BothTraffic{{{2, 250}, {1, 1487}}});
    CHECK(accounts.read(2) == BothTraffic{});
}

TEST_CASE("accounts: a record's next flow starts anew", "[flow][accounting]") {
    std::array<Account, 1> memory;
    Accounts accounts(memory);
    accounts.begin(0, 100);
    accounts.add({0, Reply}, {9, 9000});
    accounts.begin(0, 40);
    CHECK(accounts.read(0) == BothTraffic{{{1, 40}, {}}});
}

TEST_CASE("accounts: bytes go on beyond 32 bits", "[flow][accounting]") {
    std::array<Account, 1> memory;
    Accounts accounts(memory);
    accounts.begin(0, 65535);
    accounts.add({0, Original}, {0, 0xffff'ffff});
    CHECK(accounts.read(0) == BothTraffic{{{1, 65535 + 0xffff'ffffULL}, {}}});
}

TEST_CASE("accounts: without memory there are none", "[flow][accounting]") {
    const Accounts accounts;
    CHECK_FALSE(accounts.is_on());
    CHECK_FALSE(accounts.read(0));
}

}  // namespace accounts_test
