// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Copying: a record of the flow table as another gateway is told of it.
///
/// Threads  Any, within a reading (flow/reading.h).

#include "base/clock.h"
#include "flow/flow_record.h"
#include "sync/message.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::sync {

/// So many records a reading looks at.
inline constexpr uint32_t kReadingSlice = 4096;
/// What others hang on comes first.
inline constexpr std::array kTellingOrder{flow::Kind::Block, flow::Kind::Mapping,
                                          flow::Kind::Contact, flow::Kind::Flow};

/// The record as it is now; nothing when it does not live, or is not told. It is not put to another
/// use meanwhile.
std::optional<Record> copy(flow::FlowRecord& record, uint32_t index, Tick now);

/// Of a helped TCP flow only its helper knows the numbers, and a call ends with such a one.
bool goes_on_elsewhere(const Record& flow);

}  // namespace sluice::sync
