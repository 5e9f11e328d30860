// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// CPU time of a thread in the background, and how much of it looks at the whole table may take.

#include <chrono>
#include <ctime>

namespace sluice::command {

inline constexpr int kLookShare = 20;  ///< Of a look's CPU time there is so much between two.

/// Of this thread: in the idle class it may wait for long, which costs nobody anything.
inline std::chrono::nanoseconds cpu_time() {
    std::timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace sluice::command
