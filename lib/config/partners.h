// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Partners: flags that only say how something is done which another flag has done at all.
///
/// Shape    Whether both are given counts, not what they say: `drain-time = 60` may stand beside
///          `on-reload = keep`, where somebody has switched it off for a while.
/// Errors   The first flag that is given without any of its partners, which so does nothing. Those
///          that are told by a value are refused where that is checked: check_ipv6(), check_sync(),
///          check_twins().

#include "base/result.h"
#include "config/load.h"

namespace sluice::config {

Status check_partners(const Settings& settings);

}  // namespace sluice::config
