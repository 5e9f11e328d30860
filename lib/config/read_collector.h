// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads to whom the log of translations is sent: "udp:192.0.2.5:4739", or "tcp:" and the same.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/collector.h"
#include "config/read.h"

namespace sluice::config {

Result<Collector> read_collector(const Given& given);

}  // namespace sluice::config
