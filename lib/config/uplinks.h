// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reads and checks what is said of uplinks: the outside interfaces with their gateways, and which
/// public addresses are whose.
///
/// Errors   One sentence that names the flag and the value and says what is wanted.

#include "base/result.h"
#include "config/addresses.h"
#include "config/config.h"
#include "config/read.h"
#include "link/uplinks.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::config {

/// What stands behind --wan, --wan-address and --gateway, each time, in the same order.
Status read_wans(const Given& given, Config& config);
Status read_wan_addresses(const Given& given, Config& config);
Status read_gateways(const Given& given, Config& config);

/// As it is written behind --gateway.
std::string gateway_text(const Wan& wan);

/// "3,1".
Result<std::vector<uint8_t>> read_weights(const Given& given);
Result<UplinkChoice> read_uplink_choice(const Given& given);
/// The share of new flows of the uplink in this place.
uint8_t weight_of(const Config& config, size_t place);

/// Which addresses outside are whose: those of --route-from, else those of the subnets.
std::vector<link::Belonging> belongings(const Config& config);

/// Whether each --wan has what belongs to it, and a place of its own.
Status check_wans(const Config& config);
/// Whether each public address is an uplink's. The first contradiction, as validate() reports it.
Status check_uplinks(const Config& config);

}  // namespace sluice::config
