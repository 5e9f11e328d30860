// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether the neighbours that the operator names can be there.

#include "base/result.h"
#include "config/config.h"

#include <string>

namespace sluice::config {

/// The first contradiction, as validate() reports it.
Status check_neighbours(const Config& config);

/// As it is written behind its flag.
std::string to_string(const FixedNeighbour& neighbour);

}  // namespace sluice::config
