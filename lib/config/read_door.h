// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads what may come in from outside: by a forward or a pair, and from one prefix.
///
/// Shape    max-flows=N, rate=N     behind a forward or a pair
///          LENGTH:N                so many flows of each prefix of that length; 0 for no limit
///          LENGTH:N,LENGTH:N       likewise of IPv4 and of IPv6 hosts
/// Errors   One sentence that names the flag and the word and says what is wanted.

#include "base/result.h"
#include "config/read.h"
#include "hosts/quotas.h"
#include "pool/static_mappings.h"

#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

/// From the front of `rest`, off which it takes what it has read; there may be none.
Result<pool::Door> take_door(std::string_view flag, std::span<const std::string>& rest);
/// All that it says, each with a blank before it.
std::string to_string(const pool::Door& door);

/// Flows, or 0 for any number.
Result<uint32_t> read_flow_limit(const Given& given);
Result<hosts::PrefixLimit> read_prefix_limit(const Given& given);
/// Of inside hosts. Without one for IPv6 a /64 may have as many as an IPv4 prefix.
Status store_prefix_limits(const Given& given, hosts::QuotaLimits& limits);

}  // namespace sluice::config
