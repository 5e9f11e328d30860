// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Stopwatch: the time that this thread has had a CPU, so that others on the machine cost it
/// nothing but their share of the caches.
///
/// Units    TSC cycles, computed from nanoseconds of CPU time.
/// Cost     A system call for each look.

#include "base/cpu_time.h"

#include <rte_cycles.h>

#include <cstdint>

namespace sluice::bench {

inline uint64_t cpu_nanoseconds() {
    return static_cast<uint64_t>(cpu_time().count());
}

inline double cycles_in(double nanoseconds) {
    return nanoseconds * static_cast<double>(rte_get_tsc_hz()) / 1e9;
}

}  // namespace sluice::bench
