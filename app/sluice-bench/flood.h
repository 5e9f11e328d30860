// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench flood`: packets that cannot go on, as fast as they can come: without a flow, or
/// with no room for one; and what becomes of known flows beside them.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_flood(const Options& options);

}  // namespace sluice::bench
