// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Walk: one thread's look at every record of a kind, in nobody's way.
///
/// Threads  Any, several at once. It reads 1 024 records at a time (flow::Reading) and only copies;
///          what it makes of the copies, it does when it has let go of the table, so that records
///          that end meanwhile can be reused.

#include "base/clock.h"
#include "flow/reading.h"

#include <cstdint>
#include <vector>

namespace sluice::listing {

inline constexpr uint32_t kSegment = 1024;  ///< Records that are copied in one reading.

/// What is copied of a record.
struct Seen {
    uint32_t index;
    std::array<net::Tuple, 2> tuple;  ///< Indexed by net::Direction.
    net::Sides sides;

    const net::Tuple& key(net::Direction direction) const {
        return tuple[sluice::index(direction)];
    }
};

/// Calls visit(seen) for each record of a kind that is not past its deadline.
template <typename Visit>
void for_each_of(flow::Kind kind, flow::FlowTable& table, Tick now, Visit visit) {
    for (uint32_t first = 0; first < table.capacity(); first += kSegment) {
        const auto copied = flow::read_records(table, [&] {
            std::vector<Seen> result;
            table.for_each_live(
                first, first + kSegment, [&](uint32_t index, const flow::FlowRecord& record) {
                    if (record.kind() == kind &&
                        record.deadline.load(std::memory_order_relaxed).is_after(now))
                        result.push_back({index, record.tuple, record.sides});
                });
            return result;
        });
        for (const Seen& seen : copied)
            visit(seen);
    }
}

template <typename Visit>
void for_each_flow(flow::FlowTable& table, Tick now, Visit visit) {
    for_each_of(flow::Kind::Flow, table, now, visit);
}

}  // namespace sluice::listing
