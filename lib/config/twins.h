// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads and checks what is said of the kernel's twins of interfaces.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <vector>

namespace sluice::config {

/// "22,60000-60999": ports and ranges of them.
Result<std::vector<pool::PortRange>> read_port_list(const Given& given);

/// Those of --twin-ports, or what goes for them.
std::vector<pool::PortRange> twin_ports(const Config& config);

/// The first contradiction, as validate() reports it.
Status check_twins(const Config& config);

}  // namespace sluice::config
