// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads "listen=192.0.2.1:3780,peer=192.0.2.2:3780,priority=150".
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "config/sync.h"

namespace sluice::config {

Result<Sync> read_sync(const Given& given);

/// --sync, --sync-key and --role go together.
Status check_sync(const Config& config);

}  // namespace sluice::config
