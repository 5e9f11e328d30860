// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// EAL: DPDK's environment, started with no more than the ports need and gone without a trace.
///
/// Shape    One a process. Each instance of sluice has its own file prefix, sluice-PID.
/// Threads  start() binds the calling thread to the control core's CPU.
/// Errors   A sentence; then EAL cannot be tried again in this process.

#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace sluice::app {

struct EalParams {
    std::string lcores;  ///< For --lcores.
    bool no_huge = false;
    size_t memory_mb = 0;
    std::vector<std::string> pci;      ///< Devices that may be probed, with their arguments.
    std::vector<std::string> further;  ///< The operator's own, as they are.
};

class Eal {
public:
    /// Also removes what instances that died have left in the runtime directory.
    static Result<std::unique_ptr<Eal>> start(const EalParams& params);
    ~Eal();
    Eal(const Eal&) = delete;
    Eal& operator=(const Eal&) = delete;

private:
    explicit Eal(std::string directory) : directory_(std::move(directory)) {}

    std::string directory_;  ///< Of the sockets and files that EAL makes.
};

/// The command line that start() gives to EAL.
std::vector<std::string> eal_arguments(const EalParams& params, const std::string& prefix);

/// Removes the directories sluice-PID below `runtime_directory` whose process is dead.
void sweep(const std::string& runtime_directory);

}  // namespace sluice::app
