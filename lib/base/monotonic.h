// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The one place where time is read: ticks since the gateway started, or since a process before it
/// whose ticks it goes on with (--state).
///
/// Threads  Any; a copy shows the same time.
/// Cost     One read of the system's monotonic clock, without a system call on Linux.

#include "base/clock.h"

#include <chrono>

namespace sluice {

class MonotonicClock {
public:
    using Time = std::chrono::steady_clock::time_point;

    MonotonicClock() = default;
    /// With tick 0 at that time.
    explicit MonotonicClock(Time start) : start_(start) {}

    Time start() const { return start_; }
    Tick now() const { return at(std::chrono::steady_clock::now()); }
    /// What now() was at that time.
    Tick at(Time time) const {
        const auto passed = time - start_;
        return {static_cast<uint32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(passed).count())};
    }

private:
    Time start_ = std::chrono::steady_clock::now();
};

}  // namespace sluice
