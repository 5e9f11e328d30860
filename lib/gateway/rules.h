// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// From the operator's flags to the rules of translation, and what follows from these.

#include "config/config.h"
#include "policy/rule_set.h"
#include "pool/port_range.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::gateway {

/// --snat, --no-nat and --route6, and --inside with --pool, each as a rule.
std::vector<policy::RuleParams> rules_of(const config::Config& config);

/// How many inside addresses the rules serve, in all zones; one that two rules name counts twice.
uint64_t count_hosts(const config::Config& config);

/// The public addresses: of all pools, forwards and hosts that have one to themselves; each once.
std::vector<net::AddressRange> public_ranges(const config::Config& config);

/// Likewise each by itself, ascending.
std::vector<Be32> public_addresses(const config::Config& config);

/// A pool as the operator wrote it: "198.51.100.1-198.51.100.8:1024-65535".
std::string name_of(const policy::RuleParams& pool);

}  // namespace sluice::gateway
