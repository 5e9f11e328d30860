// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Machine time: what of the CPUs' time a benchmark did not get.

#include <fstream>
#include <string>
#include <unistd.h>

namespace sluice::bench {

struct MachineTime {
    double stolen_ms = 0;  ///< By the hypervisor, of all CPUs together.
};

inline MachineTime machine_time() {
    std::ifstream file("/proc/stat");
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, stolen = 0;
    file >> name >> user >> nice >> system >> idle >> wait >> irq >> soft >> stolen;
    return {stolen * 1000 / static_cast<double>(sysconf(_SC_CLK_TCK))};
}

}  // namespace sluice::bench
