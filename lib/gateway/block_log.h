// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Block log: what the operator's log says of blocks of ports, so that who used a public port at
/// some time can be told later.
///
/// Source   RFC 6888 §4 (REQ-12 to REQ-14), RFC 6302: the ports and the time, no destinations.

#include "control/ageing.h"
#include "nat64/naming.h"

#include <ctime>
#include <string>

namespace sluice::gateway {

/// When a block was given, seen at `now`.
std::time_t beginning_of(const control::BlockEvent& event, std::time_t now);

/// "10.1.0.10 has 198.51.100.1:2048-2559 since 2026-01-31T12:00:00Z", or "had … from … until …".
std::string block_text(const control::BlockEvent& event, const nat64::Naming& naming,
                       std::time_t now);

}  // namespace sluice::gateway
