// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether the gateway's addresses, pool, inside networks and routes can stand beside one another.

#include "base/result.h"
#include "config/config.h"

#include <string>

namespace sluice::config {

/// The first contradiction, as validate() reports it.
Status check_addresses(const Config& config);

/// Why no flow can be given an address of `range`; empty where it can.
std::string why_not_public(const Config& config, const AddressRange& range);
/// True for an address of an inside host whom the gateway serves.
bool is_served(const Config& config, Be32 inside);
/// True for an address that flows are given.
bool is_in_pool(const Config& config, Be32 address);

}  // namespace sluice::config
