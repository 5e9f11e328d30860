// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// How much of the CPU time of a thread in the background, which in the idle class may wait for
/// long, a look at the whole table may take.

#include "base/cpu_time.h"

namespace sluice::command {

inline constexpr int kLookShare = 20;  ///< Of a look's CPU time there is so much between two.

}  // namespace sluice::command
