// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench rules`: what rules cost, by their number and by what they ask for: a packet that
/// opens a flow, and one of a flow that stands.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_rules(const Options& options);

}  // namespace sluice::bench
