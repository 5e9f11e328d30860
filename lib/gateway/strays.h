// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Strays: records that a process of the peer's had told, and none that tells now has told yet.
///
/// Shape    The process that takes the place of another has the same flows, by --state or because
///          it has taken them back, in other records. What it tells is found here by its tuples
///          and goes on: to throw the copy away and be told all again would leave one copy alone
///          meanwhile. What it has not told by the time at which it has told all ends.
/// Threads  The control core's, while this gateway stands by: nobody else puts records to use.
/// Memory   A bit a record, at construction.

#include "base/clock.h"
#include "flow/flow_table.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sluice::gateway {

class Strays {
public:
    explicit Strays(flow::FlowTable& table) : table_(table), are_strays_(table.capacity()) {}

    static size_t bytes_needed(uint32_t records) { return (records + 7) / 8; }

    /// All that is there is one from now on.
    void begin();
    void clear();
    /// The record is put to another use.
    void forget(uint32_t index);
    /// Which of them is the record that is told; it is none any more.
    std::optional<uint32_t> claim(const flow::FlowRecord& told, Tick now);
    /// Ends those for which is_over(), but for what others hang on that goes on.
    void end(flow::Member& member, const std::function<bool(const flow::FlowRecord&)>& is_over);

private:
    flow::FlowTable& table_;
    std::vector<bool> are_strays_;  // by index
    uint32_t count_ = 0;            // of these
};

}  // namespace sluice::gateway
