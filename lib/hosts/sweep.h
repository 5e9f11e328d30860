// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Sweep: how much of a table is looked at in a turn, so that a pass over all of it takes its time,
/// however many turns that are.
///
/// Threads  One.

#include "base/clock.h"

#include <cstdint>
#include <optional>

namespace sluice::hosts {

class Sweep {
public:
    explicit Sweep(Duration pass) : pass_(pass) {}

    /// How many of `entries` are due by now since it was last asked: none the first time, and never
    /// more than there are.
    uint32_t due(uint32_t entries, Tick now);

private:
    Duration pass_;
    std::optional<Tick> last_;
    uint64_t rest_ = 0;  // of an entry that is not due yet: what was gone of the pass for it
};

}  // namespace sluice::hosts
