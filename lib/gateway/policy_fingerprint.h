// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Policy fingerprint: whether two gateways of a pair can have the same flows.
///
/// Shape    Of the rules, pools and static mappings in whatever order, the own addresses and zones
///          of interfaces, the prefixes that IPv6 hosts have outside, and --address-key. Not of
///          limits, timeouts of the trackers, logs and routes, by which no flow that the other
///          tells is refused; those of a rule are part of the rule.
/// Threads  Any.

#include "config/config.h"

#include <cstdint>

namespace sluice::gateway {

/// Never 0.
uint32_t policy_fingerprint(const config::Config& config);

}  // namespace sluice::gateway
