// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow entry: what a listing says of one flow, mapping or contact, copied out of its record.
///
/// Shape    Plain values, so that a walker may let go of the table before it writes a line.
/// Threads  Made by a member of the flow table, from a record that it has seen live.

#include "base/clock.h"
#include "conntrack/protocol_state.h"
#include "flow/flow_table.h"
#include "flow/traffic.h"
#include "nat/calls.h"
#include "net/tuple.h"

#include <array>
#include <cstdint>
#include <optional>

namespace sluice::listing {

struct FlowEntry {
    std::array<net::Tuple, 2> tuple;  ///< Indexed by net::Direction.
    Duration left;                    ///< Until the deadline; not above 0 when it has passed.
    conntrack::ProtocolState state;
    uint8_t status = 0;                             ///< conntrack::Status bits.
    uint8_t owner = 0;                              ///< Worker that opened the flow.
    std::optional<flow::BothTraffic> traffic = {};  ///< Where it is counted.
    std::array<Be16, 2> calls = {};  ///< Of a call: its IDs, as packets of each direction leave.

    net::Protocol protocol() const { return tuple[0].protocol; }
    flow::Kind kind() const { return static_cast<flow::Kind>(tuple[0].kind); }
    bool is_expired() const { return left <= Duration{}; }
};

inline FlowEntry read_entry(const flow::FlowTable& table, uint32_t index, Tick now) {
    const flow::FlowRecord& record = table.record(index);
    // Relaxed: each field tells something by itself, and may be newer than the others.
    return {
        .tuple = record.tuple,
        .left = record.deadline.load(std::memory_order_relaxed) - now,
        .state = conntrack::ProtocolState(record.state.load(std::memory_order_relaxed)),
        .status = record.status.load(std::memory_order_relaxed),
        .owner = record.owner,
        .traffic = table.accounts().read(index),
        .calls = nat::is_call(record) ? nat::Call::of(record).leaves_with : std::array<Be16, 2>{},
    };
}

}  // namespace sluice::listing
