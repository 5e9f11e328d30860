// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads what is chosen by one of a few words, and puts it in its place.
///
/// Errors   One sentence that names the flag and the value, and all words that there are.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

namespace sluice::config {

Status store_idle(const Given& given, Config& config);
Status store_verify_checksum(const Given& given, Config& config);
Status store_invalid(const Given& given, Config& config);
Status store_zero_checksum(const Given& given, Config& config);
Status store_on_exhaustion(const Given& given, Config& config);
Status store_mss_clamp(const Given& given, Config& config);
Status store_steer_replies(const Given& given, Config& config);
Status store_claim(const Given& given, Config& config);
Status store_on_conflict(const Given& given, Config& config);
Status store_on_lost_port(const Given& given, Config& config);
Status store_on_reload(const Given& given, Config& config);
Status store_state_mismatch(const Given& given, Config& config);
Status store_sync_flows(const Given& given, Config& config);
Status store_role(const Given& given, Config& config);

}  // namespace sluice::config
