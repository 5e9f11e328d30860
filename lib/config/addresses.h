// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether the gateway's addresses, pool, inside networks and routes can stand beside one another.

#include "base/result.h"
#include "config/config.h"

namespace sluice::config {

/// The first contradiction, as validate() reports it.
Status check_addresses(const Config& config);

}  // namespace sluice::config
