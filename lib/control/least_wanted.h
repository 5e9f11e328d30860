// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Least wanted: which neighbours go where places run short.
///
/// Shape    Those without a MAC first, then what a MAC has beyond its part, then the others; of
///          each kind those that were used longest ago.
/// Cost     Linear in the candidates.

#include "link/next_hops.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice::control {

struct Candidate {
    link::HopIndex hop = link::kNoHop;
    uint64_t mac = 0;     ///< 0: it is not known.
    uint32_t age_ms = 0;  ///< Since it was used.
};

/// `count` of them, or all where there are no more. A MAC's part is `per_mac`.
std::vector<link::HopIndex> least_wanted(std::span<const Candidate> candidates, size_t count,
                                         size_t per_mac);

}  // namespace sluice::control
