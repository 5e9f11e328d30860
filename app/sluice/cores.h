// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Cores: which CPU each thread runs on.
///
/// Shape    lcore 0 is the control core, lcores 1 to N are the workers.

#include "config/config.h"

#include <span>
#include <string>
#include <vector>

namespace sluice::app {

struct CorePlan {
    unsigned control = 0;           ///< CPU of the control core.
    std::vector<unsigned> workers;  ///< CPU of each worker.
    std::vector<unsigned> listing;  ///< CPUs that are no worker's, for lists and dumps; never
                                    ///< empty: at the least the control core's.
    config::Idle idle = config::Idle::Busy;

    bool is_shared() const;      ///< Two threads share a CPU.
    std::string lcores() const;  ///< For EAL's --lcores: "0@0,1@1,2@0".
};

/// The CPUs that this process may run on, in ascending order. To be asked before EAL starts, which
/// binds the calling thread to one of them.
std::vector<unsigned> allowed_cpus();

/// `allowed` is not empty, and `config` has been validated against it. The control core takes the
/// first CPU, the workers the next, from the front again where there are too few.
CorePlan plan_cores(const config::Config& config, std::span<const unsigned> allowed);

}  // namespace sluice::app
