// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Folders: whether the files that a start makes can be made where the configuration has them.
///
/// Errors   One sentence for each file that cannot.
/// Source   access(2), by the rights that the process has in effect.

#include "base/result.h"
#include "config/config.h"

#include <vector>

namespace sluice::app {

/// Of the control socket, --state and --log-flows. Makes nothing.
std::vector<Error> check_folders(const config::Config& config);

}  // namespace sluice::app
