// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Path: the way of packets to one destination, as far as it is known.
///
/// Shape    What Egress::find() says once, kept by who sends several packets the same way.

#include "link/interfaces.h"
#include "link/next_hops.h"

#include <cstdint>

namespace sluice::link {

struct Path {
    Be32 via{};                            ///< The neighbour.
    InterfaceId interface = kNoInterface;  ///< That it is on.
    HopIndex hop = kNoHop;                 ///< The neighbour's index, while `generation` is
                                           ///< the next hops'; none where it has none yet.
    uint32_t generation = 0;
};

}  // namespace sluice::link
