// SPDX-License-Identifier: BSD-3-Clause
#include "policy/policy.h"

#include "catch.h"
#include "fixed_policy.h"

namespace policy_test {

using namespace sluice;
using namespace sluice::policy;

TEST_CASE("policy: a number of timeouts that it does not know stands for the general ones",
          "[policy]") {
    const test::FixedPolicy fixed;
    const Policy& policy = fixed.policy;
    CHECK(&policy.tuning_of(0) == &policy.tuning);
    CHECK(&policy.tuning_of(1) == &policy.tuning);
    CHECK(&policy.tuning_of(63) == &policy.tuning);
}

}  // namespace policy_test
