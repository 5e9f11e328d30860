// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench adopt`: how fast a gateway takes over the flows that one before it has left, as
/// with --state.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_adopt(const Options& options);

}  // namespace sluice::bench
