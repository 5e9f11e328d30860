// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether every rule has ports for what it maps, and for what it does not, beside the rules that
/// it shares addresses with.

#include "base/result.h"
#include "config/config.h"

namespace sluice::config {

/// The first rule that would be left without ports, as validate() reports it.
Status check_port_shares(const Config& config);

}  // namespace sluice::config
