// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads and checks what is said of the kernel's twins of interfaces.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// "22,60000-60999": ports and ranges of them.
Result<std::vector<pool::PortRange>> read_port_list(const Given& given);

/// An interface of the kernel's in the place of one of ours, and where that is said.
struct NamedTwin {
    size_t interface = 0;  ///< In the order of gateway/interfaces.h.
    std::string name;
    std::string_view flag;
    std::string value;
    net::Prefix own;  ///< Of the interface.
};

/// All that there are, in the order of their interfaces.
std::vector<NamedTwin> twins_of(const Config& config);

/// Those of --twin-ports, or what goes for them.
std::vector<pool::PortRange> twin_ports(const Config& config);

/// The first contradiction, as validate() reports it.
Status check_twins(const Config& config);

}  // namespace sluice::config
