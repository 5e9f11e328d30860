// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Capabilities: what of root's powers this process has.
///
/// Errors   One sentence that names the port. What cannot be read is had: then a start says what it
///          lacks.
/// Source   capabilities(7); CapEff of /proc/self/status and the numbers of page frames of
///          /proc/self/pagemap in proc(5); Linux, xsk_create() and tun_set_iff().

#include "base/result.h"
#include "ethdev/port_plan.h"

#include <filesystem>

namespace sluice::app {

/// `capability` is CAP_IPC_LOCK or another of linux/capability.h. `root` is "/" but in tests.
bool has_capability(const std::filesystem::path& root, unsigned capability);

/// An error where this process lacks what opens a port of that kind.
Status check_capabilities(const ethdev::PortPlan& port, const std::filesystem::path& root);

}  // namespace sluice::app
