// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Policy: what one configuration says of hosts and addresses, compiled.
///
/// Threads  Immutable after construction, but for the counters of denials.

#include "policy/rule_set.h"
#include "pool/static_mappings.h"

namespace sluice::policy {

struct Policy {
    RuleSet rules;
    pool::StaticSet statics;
};

}  // namespace sluice::policy
