// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads --helper: "ftp", "tftp:69,6969", any number of times and in one list.
///
/// Errors   One sentence that names the flag and the word and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "helper/ports.h"

namespace sluice::config {

Result<helper::Ports> read_helpers(const Given& given);

}  // namespace sluice::config
