// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Check file: says whether a configuration file is good, without a gateway.

#include <string>

namespace sluicectl {

/// Whether `sluice --config PATH` could start, as far as words can tell: ports and memory are not
/// looked at. The program's exit status: 0, or 1 after a sentence on stderr.
int check_file(const std::string& path);

}  // namespace sluicectl
