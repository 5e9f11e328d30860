// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// NPTv6: IPv6 hosts inside that have addresses of another prefix outside.
///
/// Shape    They are those of --lan6 and behind its routers (config/ipv6.h). Outside is the port of
///          the first --wan, with an address and a next hop of its own.
/// Errors   As read.h.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <vector>

namespace sluice::config {

/// "PREFIX -> PREFIX", any number of times.
Result<std::vector<nat64::PrefixPair>> read_nptv6(const Given& given);
Result<net::Ipv6Address> read_gateway6(const Given& given);

/// Of the link outside, by which IPv6 leaves that stays IPv6: by these prefixes or by --route6.
Status check_ipv6_outside(const Config& config);
Status check_nptv6(const Config& config);

/// In both --nptv6 reaches the same networks behind the same routers; true without it.
bool have_same_ipv6_routes(const Config& one, const Config& other);

}  // namespace sluice::config
