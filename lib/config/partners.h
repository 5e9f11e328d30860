// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Partners: flags that only say how something is done which another flag has done at all.
///
/// Shape    Whether the other one is given counts, not what it says: `drain-time = 60` may stand
///          beside `on-reload = keep`, where somebody has switched it off for a while. What says
///          the default of a choice, or 0, asks for nothing, and may stand alone.
/// Errors   The first flag that is given without any of its partners, which so does nothing. Those
///          that are told by a value are refused where that is checked: check_ipv6(), check_sync(),
///          check_twins().

#include "base/result.h"
#include "config/load.h"

namespace sluice::config {

Status check_partners(const Settings& settings);

}  // namespace sluice::config
