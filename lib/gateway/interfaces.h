// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// From the operator's flags to interfaces and the routes between them.

#include "base/result.h"
#include "config/config.h"
#include "control/neighbours.h"
#include "io/port.h"
#include "link/interfaces.h"
#include "link/routes.h"
#include "listing/interface_name.h"
#include "nat64/edge.h"

#include <optional>
#include <span>
#include <vector>

namespace sluice::gateway {

/// The interfaces of every --lan and every --wan, in this order, or the one that both are, and the
/// IPv6 side outside; `ports` has those of config::ports_of().
Result<link::Interfaces> interfaces_of(const config::Config& config,
                                       std::span<io::Port* const> ports);

/// The IPv6 side of the first --lan, and that outside; nothing where IPv6 is not served.
std::optional<nat64::EdgeParams> ipv6_of(const config::Config& config,
                                         const link::Interfaces& interfaces);

/// The neighbours that the operator names, each where it is on a subnet, or else by --gateway.
std::vector<control::FixedNeighbour> fixed_neighbours(const config::Config& config);

/// What people call them: by the flag that names their port.
std::vector<listing::InterfaceName> names_of(const link::Interfaces& interfaces);

/// The ways outside, each --wan; `key` is that of the choice between them.
link::Uplinks uplinks_of(const config::Config& config, const SipKey& key);

/// The networks on the interfaces, the operator's routes, and the default by the first gateway.
std::vector<link::Route> routes_of(const config::Config& config);

}  // namespace sluice::gateway
