// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Platform: what a gateway stands on: CPUs, EAL and two open ports, set up in the right order.

#include "base/result.h"
#include "config/config.h"
#include "sluice/cores.h"
#include "sluice/eal.h"
#include "sluice/ports.h"

#include <memory>
#include <utility>

namespace sluice::app {

class Platform {
public:
    /// Validates `config`, then checks ports and memory, then starts EAL, then opens the ports:
    /// what can fail cheaply fails first, and nothing is left behind.
    static Result<std::unique_ptr<Platform>> start(const config::Config& config);

    const CorePlan& cores() const { return cores_; }
    Ports& ports() { return ports_; }

private:
    Platform(CorePlan cores, std::unique_ptr<Eal> eal, Ports ports)
        : cores_(std::move(cores)), eal_(std::move(eal)), ports_(std::move(ports)) {}

    CorePlan cores_;
    std::unique_ptr<Eal> eal_;  // ends after the ports
    Ports ports_;
};

}  // namespace sluice::app
