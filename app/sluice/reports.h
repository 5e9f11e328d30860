// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reports: what the control socket tells of pools, uplinks and ports.
///
/// Threads  Any thread that answers.
/// Memory   Allocates the lists.

#include "command/subject.h"
#include "gateway/gateway.h"
#include "sluice/ports.h"

#include <vector>

namespace sluice::app {

/// Every address of a small pool; of large ones those that were ever exhausted.
std::vector<command::PoolAddress> pool_addresses(const gateway::Gateway& gateway,
                                                 const policy::Policy& policy);

std::vector<command::UplinkReport> uplink_reports(const gateway::Gateway& gateway,
                                                  const policy::Policy& policy);

/// For a member of the flow table, within a turn: it goes by the policy in force, and so waits for
/// no lock that a thread of the idle class may have.
command::Subject within_turn(command::Subject subject, gateway::Gateway& gateway);

/// With the IPv6 hosts that there are, and by their addresses.
command::Subject with_ipv6(command::Subject subject, const nat64::Naming& naming);

std::vector<command::PortReport> port_reports(const Ports& ports);

}  // namespace sluice::app
