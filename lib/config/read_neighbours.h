// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads the neighbours that the operator names.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/read.h"

#include <vector>

namespace sluice::config {

/// "ADDRESS=MAC", with or without blanks around the sign, any number of times.
Result<std::vector<FixedNeighbour>> read_neighbours(const Given& given);

}  // namespace sluice::config
