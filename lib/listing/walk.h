// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Walk: one thread's look at every record of a kind, in nobody's way.
///
/// Threads  Any, several at once. It reads 1 024 records at a time (flow::Reading) and only copies;
///          what it makes of the copies, it does when it has let go of the table, so that records
///          that end meanwhile can be reused.

#include "base/clock.h"
#include "flow/age.h"
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
    Tick opened;
    uint8_t status;  ///< conntrack::Status bits, of a flow.
    uint8_t state;   ///< conntrack::ProtocolState, of a flow.
    uint8_t tuning;  ///< Of its rule's own, by policy::Tunings.

    const net::Tuple& key(net::Direction direction) const {
        return tuple[sluice::index(direction)];
    }
};

/// Copies those of a segment, within a reading.
template <typename Wanted>
std::vector<Seen> copy_segment(flow::FlowTable& table, uint32_t first, Tick now, Wanted wanted) {
    std::vector<Seen> result;
    table.for_each_live(
        first, first + kSegment, [&](uint32_t index, const flow::FlowRecord& record) {
            if (wanted(record) && record.deadline.load(std::memory_order_relaxed).is_after(now))
                result.push_back({index, record.tuple, record.sides, flow::opened_at(record),
                                  record.status.load(std::memory_order_relaxed),
                                  record.state.load(std::memory_order_relaxed),
                                  record.sides.tuning()});
        });
    return result;
}

/// Calls visit(seen) for each record that is wanted and not past its deadline. wanted(record) is
/// asked within the reading, and only looks.
template <typename Wanted, typename Visit>
void for_each_where(flow::FlowTable& table, Tick now, Wanted wanted, Visit visit) {
    for (uint32_t first = 0; first < table.capacity(); first += kSegment)
        for (const Seen& seen :
             flow::read_records(table, [&] { return copy_segment(table, first, now, wanted); }))
            visit(seen);
}

/// Likewise, for the records of a kind.
template <typename Visit>
void for_each_of(flow::Kind kind, flow::FlowTable& table, Tick now, Visit visit) {
    for_each_where(
        table, now, [kind](const flow::FlowRecord& record) { return record.kind() == kind; },
        visit);
}

template <typename Visit>
void for_each_flow(flow::FlowTable& table, Tick now, Visit visit) {
    for_each_of(flow::Kind::Flow, table, now, visit);
}

}  // namespace sluice::listing
