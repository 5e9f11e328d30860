// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether forwards and one-to-one addresses can stand beside the pool and one another.

#include "base/result.h"
#include "config/config.h"

namespace sluice::config {

/// The first contradiction, as validate() reports it.
Status check_mappings(const Config& config);

}  // namespace sluice::config
