// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads rules of translation.
///
/// Shape    One word a rule: MATCH -> RANGE[,RANGE…][:FIRST-LAST] [KEY=VALUE …], where the match
///          says whose packets it is for (config/read_match.h), and the keys how it maps and
///          filters (config/read_independence.h), and what limits and timeouts it has of its own
///          (config/read_own.h).
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <string>
#include <vector>

namespace sluice::config {

Result<std::vector<SnatRule>> read_snat(const Given& given);
/// As read_snat() reads it, with all that is not as it would be without being said.
std::string to_string(const SnatRule& rule);

}  // namespace sluice::config
