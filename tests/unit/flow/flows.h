// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tables and flows for the tests of lib/flow.

#include "flow/flow_table.h"

#include <array>
#include <memory>

namespace sluice::flow::testing {

inline constexpr Tick kNow{5'000'000};
inline constexpr Duration kLong = Duration::seconds(1000);

inline std::unique_ptr<FlowTable> make_table(uint32_t capacity, unsigned load = 85) {
    FlowTableParams params;
    params.capacity = capacity;
    params.index_load = load;
    params.secret = {11, 22, 33, 44};
    return std::move(FlowTable::create(params).value());
}

/// The n-th inside host and port on its way to a server.
inline net::Tuple original(uint32_t n) {
    return {Be32::from_host(0x0a000000 + (n >> 8)),
            Be32::from_host(0xcb00710a),
            Be16::from_host(static_cast<uint16_t>(n & 0xff)),
            Be16::from_host(80),
            net::Protocol::Udp,
            {}};
}

/// The server's answer to the n-th external address and port.
inline net::Tuple reply(uint32_t n) {
    return {Be32::from_host(0xcb00710a), Be32::from_host(0xc6330000 + (n >> 8)),
            Be16::from_host(80),         Be16::from_host(static_cast<uint16_t>(n & 0xff)),
            net::Protocol::Udp,          {}};
}

/// Writes a record as an owner does before it inserts it.
inline void fill(FlowRecord& record, const net::Tuple& original, const net::Tuple& reply,
                 Tick deadline, uint8_t owner = 0) {
    record.tuple = {original, reply};
    record.owner = owner;
    record.deadline.store(deadline, std::memory_order_relaxed);
}

/// Takes a record, fills it and inserts it.
inline Insertion open(FlowTable& table, Member& member, const net::Tuple& original,
                      const net::Tuple& reply, Tick deadline = kNow + kLong) {
    std::array<uint32_t, 1> index{};
    if (member.take(index) == 0)
        return {};
    fill(table.record(index[0]), original, reply, deadline);
    return member.insert(index[0], kNow);
}

inline Insertion open(FlowTable& table, Member& member, uint32_t n) {
    return open(table, member, original(n), reply(n));
}

inline bool close(FlowTable& table, Member& member, FlowRef ref) {
    return member.kill(ref.index(), table.record(ref).life.load());
}

}  // namespace sluice::flow::testing
