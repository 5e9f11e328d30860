// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads what the operator gives to inside hosts for good.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "pool/static_mappings.h"

#include <vector>

namespace sluice::config {

/// "PROTOCOL ADDRESS:PORT -> ADDRESS:PORT [zone N] [from PREFIX]", outside and inside, any number
/// of times.
Result<std::vector<pool::Forward>> read_forwards(const Given& given);
/// "ADDRESS = ADDRESS [zone N]", outside and inside, any number of times.
Result<std::vector<pool::OneToOne>> read_one_to_one(const Given& given);

}  // namespace sluice::config
