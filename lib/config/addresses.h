// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether the gateway's addresses, pool, inside networks and routes can stand beside one another.

#include "base/result.h"
#include "config/config.h"
#include "config/networks.h"

#include <cstdint>

namespace sluice::config {

/// Some inside interface is of this zone.
bool has_zone(const Config& config, uint16_t zone);

/// The first contradiction, as validate() reports it.
Status check_addresses(const Config& config, const Networks& networks);

}  // namespace sluice::config
