// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Whether forwards and one-to-one addresses can stand beside the pool and one another.

#include "base/result.h"
#include "config/addresses.h"
#include "config/config.h"
#include "pool/doors.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::config {

/// The first contradiction, as validate() reports it.
Status check_mappings(const Config& config, const Networks& networks);

/// Inside addresses that a prefix in --one-to-one gives nothing: the gateway's own, and those of
/// its subnet that are no host's.
std::vector<net::InsideAddress> left_out(const Config& config);

/// Has the forwards and pairs of that edition of the policy have numbers, first those that have
/// limits. An error names the first of these for which none is left.
Status number_doors(const Config& config, pool::Doors& doors, uint32_t edition);

/// As they are written behind their flags.
std::string to_string(const pool::Forward& forward);
std::string to_string(const pool::OneToOne& pair);

}  // namespace sluice::config
