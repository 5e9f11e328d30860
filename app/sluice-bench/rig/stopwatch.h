// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Stopwatch: the time that this thread has had a CPU, so that others on the machine cost it
/// nothing but their share of the caches.
///
/// Units    TSC cycles, computed from nanoseconds of CPU time.
/// Cost     A system call for each look.

#include <rte_cycles.h>

#include <cstdint>
#include <ctime>

namespace sluice::bench {

inline uint64_t cpu_nanoseconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

inline double cycles_in(double nanoseconds) {
    return nanoseconds * static_cast<double>(rte_get_tsc_hz()) / 1e9;
}

}  // namespace sluice::bench
