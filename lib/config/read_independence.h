// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads how a rule maps and filters: words key=value behind its pool.
///
/// Shape    mapping=endpoint-dependent|endpoint-independent
///          filtering=endpoint-dependent|address-dependent|endpoint-independent
///          for=PROTOCOL[:FIRST-LAST][,…]     the inside endpoints that this is for
///          mapping-ports=FIRST-LAST          the external ports of mappings
/// Errors   One sentence that names the flag and the word and says what is wanted.

#include "base/result.h"
#include "config/config.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

/// Nothing where mappings are endpoint-dependent. `pool` are the ports of the rule's pool.
Result<std::optional<policy::Independence>> read_independence(std::string_view flag,
                                                              std::span<const std::string> words,
                                                              pool::PortRange pool);

/// As it is written behind a pool.
std::string to_string(const policy::Independence& independence);

/// FIRST-LAST, or one port.
std::optional<pool::PortRange> parse_ports(std::string_view text);
std::string to_string(pool::PortRange ports);

}  // namespace sluice::config
