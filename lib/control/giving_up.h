// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// GivingUp: ends what goes by public addresses that another gateway of the cluster has now.
///
/// Shape    A walk over the table, a slice each turn, whenever the Holdings have changed
///          (control/ending_walk.h). What goes by an address that is nobody's stays, for this
///          gateway may get it back; workers drop its packets meanwhile. When every address is
///          somebody's and all has ended, it says that they are settled.
/// Threads  The control core's. The walk begins when every worker knows what has changed, so no
///          flow opens behind it by an address that is not held.
/// Cost     kRecordsPerTurn records each turn, while there is something to end.

#include "control/ending_walk.h"
#include "flow/flow_table.h"
#include "pool/holdings.h"
#include "stats/counters.h"

#include <cstdint>
#include <optional>

namespace sluice::control {

class GivingUp {
public:
    /// All of them outlive this object; without `holdings` there is never anything to do.
    GivingUp(flow::FlowTable& table, flow::Member& member, pool::Holdings* holdings,
             stats::Counters& counters)
        : table_(table), member_(member), holdings_(holdings), counters_(counters) {}

    /// Returns how much there was to do.
    unsigned turn();

private:
    bool begin();
    bool are_all_somebodys() const;

    flow::FlowTable& table_;
    flow::Member& member_;
    pool::Holdings* holdings_;  // null without a cluster
    stats::Counters& counters_;
    std::optional<uint32_t> edition_;  // of the holdings, that is walked for or was
    std::optional<uint64_t> period_;   // of grace, before the walk
    EndingWalk walk_;
    bool settles_ = false;  // at its end
};

}  // namespace sluice::control
