// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Touched: which flows, and hosts above a limit, a change of the policy is about, and the end of
/// those that it leaves no ground for.
///
/// Threads  Any but workers and the control core. The flow table is walked as lists walk it.
/// Cost     A look at every record; for each flow a search of both policies.

#include "config/lines.h"
#include "flow/flow_table.h"
#include "gateway/touched_settings.h"
#include "policy/policy.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::gateway {

/// A policy, and the lines that its rules were written as, in their order.
struct Written {
    const policy::Policy& policy;
    std::vector<config::Line> rules;
};

/// Of timeouts and limits, both are of what the change is about.
struct Census {
    std::vector<uint64_t> gone;   ///< Flows of each line that is gone, as Difference has them.
    std::vector<uint64_t> come;   ///< Those that each line that has come would be for.
    uint64_t without_ground = 0;  ///< Flows that the policy to come would not open as they are.
};

Census count_touched(const Present& present, const config::Difference& difference,
                     const Written& before, const Written& after);

/// The policy would open the flow as it is.
bool has_ground(const policy::Policy& policy, const flow::FlowRecord& flow);

/// Ends the flows that none of the policies would open as they are; returns how many.
uint64_t end_without_ground(flow::FlowTable& table,
                            std::span<const policy::Policy* const> policies);
inline uint64_t end_without_ground(flow::FlowTable& table, const policy::Policy& policy) {
    const policy::Policy* const only = &policy;
    return end_without_ground(table, std::span(&only, 1));
}

}  // namespace sluice::gateway
