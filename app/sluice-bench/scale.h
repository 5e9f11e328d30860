// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench scale`: two workers beside one, on known flows and on opening, with every reply on
/// its flow's core and with every reply on the other.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_scale(const Options& options);

}  // namespace sluice::bench
