// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Arrival: what the first look at a packet must know of the interface by which it has come.

#include "net/side.h"

#include <cstdint>

namespace sluice::worker {

struct Arrival {
    uint64_t mac = 0;  ///< As a word (net/mac.h).
    net::Side side{};
    uint16_t zone = 0;
    bool has_both_sides = false;  ///< One-armed: a packet's side is told by its addresses.
    bool trusts_nic = false;      ///< About checksums.
    /// Flags of mbufs, and what they are where a packet's side is known, nothing is to be summed,
    /// and no tag stands beside the frame: flags_seen & flags.
    uint64_t flags_seen = 0;
    uint64_t usual_flags = 0;
};

}  // namespace sluice::worker
