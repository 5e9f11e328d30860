// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Deadlines: when to look at a flow next, for all flows, densely, so that ageing scans 4 bytes a
/// flow and touches only the records that are due.
///
/// Shape    One 32-bit word per record: 0 for a record not in use, else a tick (with 0 avoided).
///          It is never later than the flow's own deadline or 300 s ahead, whichever is first.
/// Threads  The owner of a flow sets it when the flow opens and when a change of state shortens the
///          timeout below 300 s; the control core replaces what it has scanned by compare-and-swap,
///          so that it never undoes an owner's newer word.
/// Cost     A scan reads one cache line per 16 flows.

#include "base/clock.h"

#include <atomic>
#include <cstdint>
#include <span>

namespace sluice::flow {

inline constexpr Duration kLongestCheck = Duration::seconds(300);

class Deadlines {
public:
    struct Due {
        uint32_t index;
        uint32_t seen;  ///< The word as scanned, for replace().
    };

    Deadlines() = default;
    explicit Deadlines(std::span<std::atomic<uint32_t>> words) : words_(words) {}

    /// Looks at the flow at `deadline`, or in 300 s if that is sooner.
    void set(uint32_t index, Tick now, Tick deadline);
    void clear(uint32_t index);

    /// Finds entries due at `now` from `position` on, until `due` is full or `limit` entries are
    /// looked at. Returns how many were found; `position` moves on, to 0 at the end.
    unsigned scan(uint32_t& position, uint32_t limit, Tick now, std::span<Due> due) const;

    /// Postpones an entry, unless its owner has written a newer word since the scan.
    void replace(const Due& due, Tick now, Tick deadline);

private:
    std::span<std::atomic<uint32_t>> words_;
};

}  // namespace sluice::flow
