// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Log clock: the time of day for records that must not run backwards.
///
/// The machine's clock may be set back, by an operator or by NTP after a boot with a wrong one.
/// What began before it ended must be written so all the same, and a later line must not have an
/// earlier time. So the log's clock follows the machine's forward at once, and back by going at
/// half speed until the machine's has caught up, as adjtime(3) does. It says when it begins and
/// ends to do so.
///
/// Shape    A monotonic clock plus an offset that only changes so. tell() is pure but for its
///          state.
/// Units    Milliseconds; the time of day since 1970, UTC.
/// Threads  The control core's.

#include "control/neighbours.h"

#include <cstdint>
#include <ctime>

namespace sluice::gateway {

/// Both clocks of the machine, read at once.
struct ClockReading {
    int64_t monotonic = 0;
    int64_t wall = 0;
};
ClockReading read_clocks();

class LogClock {
public:
    /// Lags and leads below this are not spoken of: the kernel's clock is slewed all the time.
    static constexpr int64_t kWorthTelling = 2000;

    LogClock(ClockReading at, control::Notice notice);

    /// The time of day for the log. What it returns never decreases.
    int64_t tell(ClockReading at);
    /// The same in whole seconds, now.
    std::time_t now() { return tell(read_clocks()) / 1000; }

private:
    control::Notice notice_;
    ClockReading last_;
    int64_t told_;
    bool is_ahead_ = false;  // and the operator knows
};

}  // namespace sluice::gateway
