// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench forward`: what a packet of a known flow costs a worker, by stages and in all,
/// beside a loop that only receives and sends, and beside the floor probe.

#include "rig/options.h"

namespace sluice::bench {

/// Runs every case; returns the exit code.
int run_forward(const Options& options);
/// IPv6 hosts beside IPv4 ones.
int run_nat64(const Options& options);

}  // namespace sluice::bench
