// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ethdev/port_plan.h"
#include "io/port_name.h"

#include <string>

namespace sluice::app {

/// Of `--lan PREFIX:INTERFACE`, as far as what looks for an interface asks for it.
inline ethdev::PortPlan port_plan_of(io::PortKind kind, const std::string& interface,
                                     const std::string& prefix = "af_packet") {
    ethdev::PortPlan plan;
    plan.flag = "lan";
    plan.name.kind = kind;
    plan.name.text = prefix + ':' + interface;
    plan.name.interface = interface;
    return plan;
}

}  // namespace sluice::app
