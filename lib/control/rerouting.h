// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Rerouting: ends flows that would keep themselves alive on a dead uplink, so that the next packet
/// of each opens it anew by one that lives.
///
/// Shape    A walk over the table, a slice each turn: flows first, then what has been foretold,
///          then the contacts and the mappings that they have left. What ends is all that its
///          inside host may be given elsewhere; but connections that are established stay, for
///          their uplink may come back, and nothing else can carry them.
/// Threads  The control core's. The walk begins when every worker goes by the new set of living
///          uplinks, so no flow opens behind it on one that is dead.
/// Cost     kRecordsPerTurn records each turn, while there is something to end.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "link/uplinks.h"
#include "policy/current.h"
#include "stats/counters.h"

#include <cstdint>
#include <optional>

namespace sluice::control {

inline constexpr uint32_t kRecordsPerTurn = 16384;

class Rerouting {
public:
    /// All of them outlive this object; without `living` there is never anything to do.
    Rerouting(flow::FlowTable& table, flow::Member& member, const policy::Current& policy,
              const link::LivingUplinks* living, stats::Counters& counters)
        : table_(table), member_(member), policy_(policy), living_(living), counters_(counters) {}

    /// An uplink has died: walks from the front.
    void start();
    /// Returns how many records it ended.
    unsigned turn();

private:
    bool is_doomed(const flow::FlowRecord& record) const;
    bool may_go_elsewhere(const flow::FlowRecord& record) const;

    flow::FlowTable& table_;
    flow::Member& member_;
    const policy::Current& policy_;
    const link::LivingUplinks* living_;  // null where there is one uplink alone
    stats::Counters& counters_;
    std::optional<uint64_t> period_;  // of grace, before the walk
    bool is_walking_ = false;
    size_t round_ = 0;  // of those in turn()
    uint32_t position_ = 0;
};

}  // namespace sluice::control
