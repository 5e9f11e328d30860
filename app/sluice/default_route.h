// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Default route: whether a port would take the interface by which this machine is reached.
///
/// Errors   What cannot be read is nothing to say.
/// Source   /proc/net/route: destination and flags in hexadecimal; /proc/net/vlan/config: name, ID
///          and interface of each VLAN.

#include "base/result.h"
#include "ethdev/port_plan.h"

#include <filesystem>
#include <optional>
#include <string>

namespace sluice::app {

/// The interface of the kernel's default route with the least metric.
std::optional<std::string> default_route_interface(const std::filesystem::path& root);

/// Whether the port takes the frames of this interface of the kernel's for itself.
bool takes_interface(const ethdev::PortPlan& port, const std::filesystem::path& root,
                     const std::string& interface);

/// An error where who is logged in by the port's interface would be cut off. A NIC that DPDK shares
/// with the kernel cuts nobody off.
Status check_default_route(const ethdev::PortPlan& port, const std::filesystem::path& root);

}  // namespace sluice::app
