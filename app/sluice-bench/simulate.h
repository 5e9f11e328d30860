// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench scale --simulate`: what more workers and flows than this machine has would come
/// to, by the arithmetic of simulation.h, from costs that it measures first.

#include "rig/options.h"
#include "simulation.h"

#include <optional>

namespace sluice::bench {

/// Those of Costs that are not to be measured.
struct GivenCosts {
    std::optional<double> packet = {};
    std::optional<double> open = {};
    std::optional<double> handoff = {};
    std::optional<double> line = {};
    std::optional<double> idle = {};
    std::optional<double> end = {};
    std::optional<double> lease = {};
    std::optional<double> event = {};
    std::optional<double> reading = {};
};

struct SimulateOptions {
    bool is_wanted = false;
    GivenCosts given = {};
    Crowd crowd = {};  ///< But for flows and workers, which the cases have.
};

/// Runs every case; returns the exit code.
int run_simulation(const Options& options, const SimulateOptions& simulate);

}  // namespace sluice::bench
