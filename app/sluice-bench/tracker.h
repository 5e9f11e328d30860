// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench tracker`: what the TCP tracker costs, with its flow's record in the cache.

namespace sluice::bench {

struct TrackerOptions {
    bool json = false;
    unsigned rounds = 11;
};

/// Runs every case; returns the exit code.
int run_tracker(const TrackerOptions& options);

}  // namespace sluice::bench
