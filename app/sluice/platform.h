// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Platform: what a gateway stands on: CPUs, EAL and two open ports, set up in the right order.

#include "base/result.h"
#include "config/config.h"
#include "config/ports.h"
#include "ethdev/port_plan.h"
#include "sluice/claim.h"
#include "sluice/cores.h"
#include "sluice/eal.h"
#include "sluice/ports.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::app {

/// What is known before EAL starts of a port of `config`, which has been validated.
Result<ethdev::PortPlan> plan_port_of(const config::SharedPort& port, const config::Config& config);

/// An error where the port's device cannot reach the memory that it is given.
Status check_access(const ethdev::PortPlan& port, const config::Config& config);

class Platform {
public:
    /// `config` has been validated. Checks ports and memory, then starts EAL, then opens the ports:
    /// what can fail cheaply fails first, and nothing is left behind. What fails here may succeed
    /// at the next start.
    static Result<std::unique_ptr<Platform>> start(const config::Config& config);

    const CorePlan& cores() const { return cores_; }
    Ports& ports() { return ports_; }

private:
    Platform(CorePlan cores, std::vector<Claim> claims, std::unique_ptr<Eal> eal, Ports ports)
        : cores_(std::move(cores)),
          claims_(std::move(claims)),
          eal_(std::move(eal)),
          ports_(std::move(ports)) {}

    CorePlan cores_;
    std::vector<Claim> claims_;  // given back when the ports are free
    std::unique_ptr<Eal> eal_;   // ends after the ports
    Ports ports_;
};

}  // namespace sluice::app
