// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Soundness: whether a record from somebody else's memory says what a record can say, so that no
/// code that goes by it later meets a value that it has not been written for.
///
/// Threads  Pure functions of a record that nobody changes meanwhile.
/// Cost     The record's two lines.

#include "base/clock.h"
#include "flow/flow_record.h"

namespace sluice::state {

/// Tuples, sides, zones, protocol state, tracker, times: all within what they may be, and the two
/// tuples and the sides such that one could be the other's answer.
bool is_sound_flow(const flow::FlowRecord& record, Tick now);

/// Of a mapping, a contact or a block: keys as nat/holders.h has them, and its bits.
bool is_sound_holder(const flow::FlowRecord& record);

}  // namespace sluice::state
