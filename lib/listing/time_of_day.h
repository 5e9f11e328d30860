// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Time of day: when something was, of which a thread has noted the steady clock.
///
/// Units    Nanoseconds; the time of day since 1970, UTC.
/// Threads  A plain value.

#include <chrono>
#include <cstdint>

namespace sluice::listing {

class TimeOfDay {
public:
    /// As both clocks are now: later on, one of them may have been set.
    TimeOfDay() {
        using namespace std::chrono;
        ahead_ = system_clock::now().time_since_epoch() / nanoseconds(1) -
                 steady_clock::now().time_since_epoch() / nanoseconds(1);
    }
    int64_t of(int64_t steady) const { return steady + ahead_; }

private:
    int64_t ahead_;
};

}  // namespace sluice::listing
