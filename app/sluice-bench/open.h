// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench open`: how many flows a second a worker opens, in a steady state in which as many
/// end, are erased and reclaimed; and how long its turns take meanwhile.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_open(const Options& options);

}  // namespace sluice::bench
