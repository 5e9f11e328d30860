// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ageing: ends the flows whose time is up, a slice of the table each turn.
///
/// Shape    Scans the deadlines, four bytes a flow, and reads a record only when it is due. A flow
///          that is alive gets its real deadline; one that lookups have not seen for 2 s is killed:
///          whatever its owner was doing with it then is long done.
///          Flows end in batches: the records of a batch come into the cache together, then the
///          buckets of their keys.
/// Threads  The control core's.
/// Cost     A pass over the whole table takes a second, in slices by the time that has gone by.
///          A turn looks at no more than kMaxDuePerTurn records; when more are due, passes take
///          longer, which lookups do not notice.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "nat/holders.h"
#include "stats/counters.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::control {

inline constexpr Duration kAgeingPass = Duration::seconds(1);
inline constexpr Duration kUnseenBeforeKill = Duration::seconds(2);
inline constexpr unsigned kMaxDuePerTurn = 2048;
/// More than a pass or two, so that a holder is looked at before its time is up.
inline constexpr Duration kLeastRenewal = Duration::seconds(4);

class Ageing {
public:
    Ageing(flow::FlowTable& table, flow::Member& member, stats::Counters& counters,
           const nat::HolderParams& holders)
        : table_(table),
          member_(member),
          counters_(counters),
          holders_(holders),
          renewal_(std::max(Duration{holders.mapping_timeout.milliseconds / 8}, kLeastRenewal)) {}

    /// Looks at the table's next slice. Returns how many flows it ended.
    unsigned turn(Tick now);

private:
    uint32_t slice(Tick now);
    unsigned scan(uint32_t& entries, Tick now, unsigned& killed);
    std::optional<flow::LifeWord> look_at(const flow::Deadlines::Due& due, Tick now);
    void look_at_holder(const flow::Deadlines::Due& due, flow::LifeWord life, Tick now);

    flow::FlowTable& table_;
    flow::Member& member_;
    stats::Counters& counters_;
    nat::HolderParams holders_;
    Duration renewal_;  ///< A holder with less to live is given twice that, if flows hang on it.
    uint32_t position_ = 0;
    std::optional<Tick> last_;
};

}  // namespace sluice::control
