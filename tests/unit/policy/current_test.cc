// SPDX-License-Identifier: BSD-3-Clause
#include "policy/current.h"

#include "catch.h"
#include "fixed_policy.h"

namespace current_test {

using namespace sluice;
using policy::Current;
using test::FixedPolicy;

TEST_CASE("current: questions are answered by the policy that was last stored", "[policy]") {
    FixedPolicy first, second;
    second.policy.most_mss = 1400;
    Current current(first.policy);
    CHECK(current->most_mss == 0);
    current.replace(second.policy);
    CHECK(current->most_mss == 1400);
    CHECK(&*current == &second.policy);
}

TEST_CASE("current: who follows keeps to a policy until it follows again", "[policy]") {
    FixedPolicy first, second;
    Current shared(first.policy);
    Current own(*shared);
    shared.replace(second.policy);
    CHECK(&*own == &first.policy);
    own.follow(shared);
    CHECK(&*own == &second.policy);
}

}  // namespace current_test
