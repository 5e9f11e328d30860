// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads "listen=192.0.2.1:3780,peer=192.0.2.2:3780,priority=150".
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "config/sync.h"

#include <string>

namespace sluice::config {

Result<Sync> read_sync(const Given& given);

/// A DNS name, whole: no wildcard, and no address.
Result<std::string> read_peer_name(const Given& given);

/// --sync goes with a key or with certificates, and --role with it.
Status check_sync(const Config& config);

}  // namespace sluice::config
