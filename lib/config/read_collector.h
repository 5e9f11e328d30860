// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads to whom logs of translations are given.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/collector.h"
#include "config/read.h"

#include <vector>

namespace sluice::config {

/// "udp:192.0.2.5:4739", or "tcp:" and the same.
Result<FlowLogTarget> read_ipfix(const Given& given);

/// "udp:192.0.2.5:2055": NetFlow goes by UDP alone.
Result<FlowLogTarget> read_netflow9(const Given& given);

/// "json:/PATH", "file:/PATH", "syslog" of this machine, "syslog:udp:192.0.2.5:514" or
/// "syslog:tcp:" and the same; no path twice.
Result<std::vector<FlowLogTarget>> read_log_flows(const Given& given);

}  // namespace sluice::config
