// SPDX-License-Identifier: BSD-3-Clause
#include "flowlog/account.h"

#include "catch.h"

namespace account_test {

using namespace sluice::flowlog;

TEST_CASE("account: losses are untold until they are told, and their times are one", "[flowlog]") {
    Account account;
    CHECK_FALSE(account.has_untold());
    account.lose(3, {20, 25});
    account.lose(4, {10, 12});
    CHECK(account.lost() == 7);
    CHECK(account.has_untold());
    CHECK(account.untold().first == 10);
    CHECK(account.untold().last == 25);
    CHECK(account.untold_records() == 7);

    account.tell();
    CHECK_FALSE(account.has_untold());
    CHECK(account.untold_records() == 0);
    account.lose(1, {30, 30});
    CHECK(account.untold_records() == 1);
    CHECK(account.untold().first == 30);
    account.untell({10, 25}, 0);
    CHECK(account.untold().first == 10);
    CHECK(account.untold().last == 30);
    CHECK(account.untold_records() == 8);
    CHECK(account.lost() == 8);
}

TEST_CASE("account: of several tellings that have not arrived none counts", "[flowlog]") {
    Account account;
    account.lose(5, {10, 11});
    const uint64_t first = account.told();
    account.tell();
    account.lose(3, {12, 13});
    const uint64_t second = account.told();
    account.tell();
    CHECK(account.untold_records() == 0);
    account.untell({10, 11}, first);
    account.untell({12, 13}, second);
    CHECK(account.untold_records() == 8);
    CHECK(account.untold().first == 10);
    CHECK(account.untold().last == 13);
}

}  // namespace account_test
