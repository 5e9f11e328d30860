// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6: an inside network whose hosts reach IPv4 through the gateway.
///
/// Shape    Its hosts are those of one more inside interface, at the port of the first --lan, where
///          each has an address of --ipv6-numbers. All that is said of inside networks can be said
///          of this one: without --snat and --inside it is served as the others are. What is said
///          of an IPv6 prefix or host is said of what stands for it there (nat64/number_plan.h).
/// Errors   As read.h.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

#include <vector>

namespace sluice::config {

/// A prefix of RFC 6052.
Result<nat64::Embedding> read_nat64(const Given& given);
/// An interface's address with the length of its subnet.
Result<net::Ipv6Prefix> read_ipv6_address(const Given& given);
Result<nat64::NumberPlan> read_ipv6_numbers(const Given& given);
/// DNS servers, as many as hosts are told of.
Status store_dns6(const Given& given, Config& config);

/// Where IPv6 is served, adds the interface, and gives numbers to the prefixes and hosts that are
/// named.
Status add_ipv6_side(Config& config);
/// Those that routes lead to.
std::vector<net::Ipv6Prefix> ipv6_behind_routers(const Config& config);

Status check_ipv6(const Config& config);

}  // namespace sluice::config
