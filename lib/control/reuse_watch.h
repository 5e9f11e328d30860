// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reuse watch: tells by name who keeps what has ended from being used again: a worker that has
/// been in one turn for too long, or a thread that deletes flows and gets no CPU.
///
/// Shape    Looked at once a turn. Who delays others for kLongestReading is counted and named, but
///          no more than once in kBetweenDelays. Lists are put offline in its place (Core::turn()).
///          Who does it now, and for how long, Grace::last_delay() says to any thread.
/// Threads  The control core's.
/// Cost     A few loads for each member of the flow table.

#include "control/notice.h"
#include "control/pace.h"
#include "flow/flow_table.h"
#include "stats/counters.h"

#include <optional>

namespace sluice::control {

inline constexpr Duration kBetweenDelays = Duration::seconds(10);  ///< That are told.

class ReuseWatch {
public:
    ReuseWatch(flow::FlowTable& table, stats::Counters& counters, Notice notice)
        : table_(table), counters_(counters), notice_(std::move(notice)) {}

    void turn(Tick now);

private:
    void tell(const flow::MemberName& name) const;

    flow::FlowTable& table_;
    stats::Counters& counters_;
    Notice notice_;
    Pace saying_{kBetweenDelays};
    std::optional<Tick> last_;
    bool is_late_ = false;
};

}  // namespace sluice::control
