// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads rules of translation.
///
/// Shape    One word a rule: PREFIX -> RANGE[,RANGE…][:FIRST-LAST] [KEY=VALUE …], where the keys
///          say how it maps and filters (config/read_independence.h).
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <vector>

namespace sluice::config {

Result<std::vector<SnatRule>> read_snat(const Given& given);

}  // namespace sluice::config
