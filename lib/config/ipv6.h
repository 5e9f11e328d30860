// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6: an inside network whose hosts reach IPv4 through the gateway.
///
/// Shape    Its hosts are those of one more inside interface, at the port of the first --lan, where
///          each has an address of --ipv6-numbers. All that is said of inside networks can be said
///          of this one: without --snat and --inside it is served as the others are.
/// Errors   As read.h.

#include "base/result.h"
#include "config/config.h"
#include "config/read.h"

namespace sluice::config {

/// A prefix of RFC 6052.
Result<nat64::Embedding> read_nat64(const Given& given);
/// An interface's address with the length of its subnet.
Result<net::Ipv6Prefix> read_ipv6_address(const Given& given);
Result<net::Prefix> read_ipv6_numbers(const Given& given);

/// Adds the interface, where IPv6 is served.
void add_ipv6_side(Config& config);

Status check_ipv6(const Config& config);

}  // namespace sluice::config
