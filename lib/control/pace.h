// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pace: lets something happen once an interval, however often it is asked for.
///
/// Units    turn() is called more often than ticks wrap, so that a long silence ends; after a while
///          without any, the next one ends it.

#include "base/clock.h"

namespace sluice::control {

class Pace {
public:
    explicit Pace(Duration interval) : interval_(interval) {}

    /// Whether it may happen now, which then counts as done.
    bool take(Tick now) {
        if (is_held_)
            return false;
        is_held_ = true;
        taken_ = now;
        return true;
    }

    void turn(Tick now) {
        is_held_ = is_held_ && now.ms_since(taken_) < static_cast<uint32_t>(interval_.milliseconds);
    }

private:
    Duration interval_;
    Tick taken_;
    bool is_held_ = false;
};

}  // namespace sluice::control
