// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copies of what a flow's tracker knows, for who asks and does not own the flow.
///
/// Threads  Any member of the flow table. The owner may write meanwhile: a copy is made until two
///          in a row agree, so that one can be torn only of a flow that is busy all the time.

#include "base/clock.h"
#include "conntrack/tracker.h"
#include "flow/flow_record.h"

#include <array>
#include <cstddef>

namespace sluice::why {

struct alignas(64) TrackerCopy : std::array<std::byte, conntrack::kTrackerBytes> {};

TrackerCopy copy_tracker(const flow::FlowRecord& record);

/// A flow as its next packet finds it, and as OwnFlows::track() reads it: there, a function of both
/// costs a packet two cycles.
conntrack::FlowState state_of(const flow::FlowRecord& record, Tick now);

}  // namespace sluice::why
