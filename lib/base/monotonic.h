// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The one place where time is read: ticks since the gateway started.
///
/// Threads  Any; a copy shows the same time.
/// Cost     One read of the system's monotonic clock, without a system call on Linux.

#include "base/clock.h"

#include <chrono>

namespace sluice {

class MonotonicClock {
public:
    Tick now() const {
        const auto passed = std::chrono::steady_clock::now() - start_;
        return {static_cast<uint32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(passed).count())};
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sluice
