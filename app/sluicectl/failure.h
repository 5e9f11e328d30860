// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sluicectl {

/// Says on standard error, behind what was printed already, why nothing more comes. Returns the
/// exit status.
int fail(const std::string& sentence);

}  // namespace sluicectl
