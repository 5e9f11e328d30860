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
/// Cost     begin() and clear() write the bits; end() looks at the strays among its records.

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
    explicit Strays(flow::FlowTable& table)
        : table_(table), marks_((table.capacity() + kBits - 1) / kBits) {}

    static size_t bytes_needed(uint32_t records) { return (records + 7) / 8; }

    /// All that lives is one from now on.
    void begin();
    void clear();
    /// The record is none any more: it is told again, or put to another use.
    void forget(uint32_t index) { marks_[index / kBits] &= ~bit(index); }
    /// Which of them is the record that is told, as far as its tuples say.
    std::optional<uint32_t> find(const flow::FlowRecord& told, Tick now) const;
    /// Of the records [first, last) ends those for which is_over(), but for what others hang on
    /// that goes on. True when any has ended: then what they hung on may.
    bool end(uint32_t first, uint32_t last, flow::Member& member,
             const std::function<bool(const flow::FlowRecord&)>& is_over);

private:
    static constexpr uint32_t kBits = 64;

    static uint64_t bit(uint32_t index) { return uint64_t{1} << index % kBits; }
    bool end(uint32_t index, flow::Member& member,
             const std::function<bool(const flow::FlowRecord&)>& is_over);

    flow::FlowTable& table_;
    std::vector<uint64_t> marks_;  // by index; of a record that does not live they say nothing
    bool are_there_ = false;
};

}  // namespace sluice::gateway
