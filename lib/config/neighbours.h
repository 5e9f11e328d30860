// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether the neighbours that the operator names can be there.

#include "base/result.h"
#include "config/config.h"

#include <cstdint>
#include <string>

namespace sluice::config {

/// The first contradiction, as validate() reports it.
Status check_neighbours(const Config& config);

/// How many next hops can be known at once: by default a place for each host that the subnets have
/// room for, and an eighth beside, but not fewer than 16384 and not more than there can be.
uint32_t places_for_neighbours(const Config& config);

/// As it is written behind its flag.
std::string to_string(const FixedNeighbour& neighbour);

}  // namespace sluice::config
