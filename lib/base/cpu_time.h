// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// CPU time: how long this thread has had a CPU, so that others on the machine count for little.
///
/// Cost     A system call for each look.

#include <chrono>
#include <ctime>

namespace sluice {

inline std::chrono::nanoseconds cpu_time() {
    std::timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace sluice
