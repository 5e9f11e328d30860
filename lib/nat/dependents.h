// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Dependents: which records hang on a mapping, so that it can be taken with them from a host that
/// nobody has answered.
///
/// Shape    A mapping, and a contact, has the indexes of up to kMostNamed records that hang on it,
///          in no order. They are hints: one that has ended is passed over, and of one that is
///          missing the count of dependents says so (flow::Holding). Only what nobody has been
///          answered by keeps them; of other holders they are out of date.
/// Threads  Any member of the flow table. Where two workers name one in the same moment, one of
///          them may be missing.
/// Errors   A holder with more dependents than are named keeps them, and its port.
/// Memory   In the record, in place of a tracker. Any bytes are good there, as an earlier release
///          has left them: none is gone by that does not hang on the holder.
/// Cost     For each name a look at the record that has it.

#include "flow/flow_table.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <optional>
#include <span>

namespace sluice::nat {

inline constexpr unsigned kMostNamed = 8;

/// What the record of a mapping or a contact has in place of a tracker.
struct Held {
    flow::Holding holding{};  ///< First, as of every record that is no flow.
    std::array<std::atomic<uint32_t>, kMostNamed> named{};  ///< An index and 1; 0 is none.

    static Held& of(flow::FlowRecord& record) {
        return *std::launder(reinterpret_cast<Held*>(record.tracker.data()));
    }
};
static_assert(sizeof(Held) <= sizeof(flow::FlowRecord::tracker));

/// Some records, by their indexes.
class Dependents {
public:
    void add(uint32_t index) { index_[count_++] = index; }
    unsigned size() const { return count_; }
    std::span<const uint32_t> all() const { return std::span(index_).first(count_); }
    bool has(uint32_t index) const { return std::ranges::find(all(), index) != all().end(); }

private:
    std::array<uint32_t, kMostNamed> index_{};
    unsigned count_ = 0;
};

/// A live record hangs on a holder, which is a mapping or a contact. There may be no room for it.
void name_dependent(flow::FlowTable& table, uint32_t holder, uint32_t dependent);

/// What hangs on a mapping or a contact; nothing where not all of it is known.
std::optional<Dependents> dependents_of(flow::FlowTable& table, uint32_t holder);

/// A mapping or a contact that has dependents, all of which are known, and by none of which, nor of
/// theirs, anybody has been answered.
bool is_waiting(flow::FlowTable& table, uint32_t holder);

}  // namespace sluice::nat
