// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// What a configuration says of endpoint-independent mappings and of blocks of ports: how long
/// they are held, and how many (nat/holders.h has the records).

#include "base/clock.h"

#include <cstdint>

namespace sluice::policy {

/// Ports of inside hosts come from blocks that each has to itself.
struct BlockParams {
    uint16_t size = 0;  ///< Ports in a block; a power of two, or 0 for no blocks.
    uint16_t per_host = 4;
};

struct HolderParams {
    /// How long a mapping lives after the last packet that went out by it (RFC 4787 REQ-5: the
    /// value that it recommends).
    Duration mapping_timeout = Duration::seconds(300);
    /// How long the external endpoint of a mapping by which everybody was let in rests afterwards:
    /// it is kept from other inside hosts, and lets nobody in (RFC 6888 REQ-8).
    Duration port_hold = Duration::seconds(120);
    BlockParams blocks = {};
};

}  // namespace sluice::policy
