// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Health: whether the gateway does its work, for whoever sends traffic elsewhere when it does not.
///
/// Shape    It is healthy while the control core and every worker turn, every port has its link,
///          and not both of a pair are active; what else goes wrong (drops, a dead uplink of
///          several) is for alerts. That the peer may be active too is not said here: one forged
///          frame would do, and whoever asks would send traffic elsewhere.

#include "command/subject.h"

#include <string>
#include <vector>

namespace sluice::command {

/// What is wrong, a clause each; empty when the gateway is healthy.
std::vector<std::string> troubles(const Subject& subject);

/// "healthy", or a line for each.
std::string health_text(const std::vector<std::string>& troubles);
/// {"healthy":false,"troubles":[…]}
std::string health_json(const std::vector<std::string>& troubles);

}  // namespace sluice::command
