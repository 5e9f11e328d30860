// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench expire`: how many flows a second the control core ends, when very many are over at
/// once, what a worker beside it has of that, and what it spends on flows that live.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_expire(const Options& options);

}  // namespace sluice::bench
