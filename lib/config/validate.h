// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Validate: whether the values of a Config agree with one another and with the machine's CPUs.
///
/// Errors   The first contradiction, as one sentence that names a flag and its value. No port has
///          been touched yet.

#include "base/result.h"
#include "config/config.h"

#include <span>

namespace sluice::config {

/// `allowed_cpus` are the CPUs that this process may run on.
Status validate(const Config& config, std::span<const unsigned> allowed_cpus);

}  // namespace sluice::config
