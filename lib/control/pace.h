// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pace: lets something happen once an interval, however often it is asked for.
///
/// Units    turn() is called more often than ticks wrap, so that a long silence ends.

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
        until_ = now + interval_;
        return true;
    }

    void turn(Tick now) { is_held_ = is_held_ && until_.is_after(now); }

private:
    Duration interval_;
    Tick until_;
    bool is_held_ = false;
};

}  // namespace sluice::control
