// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tally: what this module counts, and its rule for a lack of memory.
///
/// Rule     A thread of this module goes on when there is no memory for what it does: that is left
///          out, and counted as memory_short. A client sees that its answer is missing or short; of
///          the history a row is missing, whose time the next one has.
/// Threads  Any. add() waits for others that count.

#include "stats/counters.h"

#include <cstdint>
#include <mutex>

namespace sluice::command {

class Tally {
public:
    /// Nobody else writes these.
    explicit Tally(stats::Counters& counters) : counters_(counters) {}

    void add(stats::Count what, uint64_t number = 1) {
        const std::lock_guard lock(mutex_);
        counters_.count[what].add(number);
    }
    /// Does it; where there is no memory for all of it that is counted, and false.
    template <typename Work>
    bool if_memory_allows(Work work) {
        try {
            work();
            return true;
        } catch (...) {  // the libraries have errors of their own for it
            add(stats::Count::MemoryShort);
            return false;
        }
    }

private:
    std::mutex mutex_;
    stats::Counters& counters_;
};

}  // namespace sluice::command
