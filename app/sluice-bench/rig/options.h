// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Options: what the benchmarks of the whole worker have in common.

#include "base/memory.h"

#include <cstdint>
#include <vector>

namespace sluice::bench {

inline constexpr uint32_t k1K = 1u << 10;
inline constexpr uint32_t k64K = 1u << 16;
inline constexpr uint32_t k1M = 1u << 20;
inline constexpr uint32_t k8M = 8 * k1M;
inline constexpr uint32_t k10M = 10 * k1M;

struct Options {
    bool json = false;
    bool quick = false;                ///< Short rounds and few flows: for a try, not for figures.
    std::vector<uint32_t> flows = {};  ///< Only these; empty: all.
    unsigned rounds = 7;
    PageKind pages = PageKind::Huge;
};

}  // namespace sluice::bench
