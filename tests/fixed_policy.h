// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Fixed policy: one that holds for all of a test, of rules that the test names.

#include "policy/current.h"
#include "policy/pools.h"

#include <span>

namespace sluice::test {

struct FixedPolicy {
    explicit FixedPolicy(std::span<const policy::RuleParams> params = {},
                         pool::StaticSet statics = {})
        : policy{.rules = policy::RuleSet(params, {}, pools), .statics = std::move(statics)} {}

    policy::Pools pools{1};
    policy::Policy policy;
    policy::Current current{policy};
};

}  // namespace sluice::test
