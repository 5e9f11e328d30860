// SPDX-License-Identifier: BSD-3-Clause
#include "policy/logged.h"

#include "catch.h"

namespace logged_test {

using namespace sluice::policy;

TEST_CASE("logged: what is said of a number stays, whatever comes", "[policy]") {
    Logged logged;
    logged.add(63, Logging::Never);
    logged.add(62, Logging::Always);
    logged.add(1, Logging::AsSaid);
    CHECK_FALSE(logged.tells(63, true));
    CHECK_FALSE(logged.tells(63, false));
    CHECK(logged.tells(62, true));
    CHECK(logged.tells(62, false));
    CHECK(logged.tells(1, true));
    CHECK_FALSE(logged.tells(1, false));
    logged.add(63, Logging::AsSaid);
    CHECK_FALSE(logged.tells(63, true));
}

}  // namespace logged_test
