// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Walk: one thread's look at every flow, in nobody's way.
///
/// Threads  Any, several at once. It is a member of the table for 1 024 records at a time, so that
///          records that end meanwhile can be reused.

#include "base/clock.h"
#include "flow/flow_table.h"

#include <cstdint>

namespace sluice::listing {

/// Calls visit(index, record) for each record of a kind that is not past its deadline.
template <typename Visit>
void for_each_of(flow::Kind kind, flow::FlowTable& table, Tick now, Visit visit) {
    constexpr uint32_t kSegment = 1024;
    for (uint32_t first = 0; first < table.capacity(); first += kSegment) {
        const flow::Member member(table);
        table.for_each_live(first, first + kSegment,
                            [&](uint32_t index, const flow::FlowRecord& record) {
                                if (record.kind() == kind &&
                                    record.deadline.load(std::memory_order_relaxed).is_after(now))
                                    visit(index, record);
                            });
    }
}

template <typename Visit>
void for_each_flow(flow::FlowTable& table, Tick now, Visit visit) {
    for_each_of(flow::Kind::Flow, table, now, visit);
}

}  // namespace sluice::listing
