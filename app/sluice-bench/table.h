// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// `sluice-bench table`: the flow table beside rte_hash and tbb::concurrent_hash_map.

#include "base/memory.h"

#include <cstdint>
#include <vector>

namespace sluice::bench {

struct TableOptions {
    bool json = false;
    std::vector<uint32_t> flows;  ///< Only these sizes; all when empty.
    std::vector<unsigned> loads;  ///< Only these loads; all when empty.
    unsigned rounds = 11;
    PageKind pages = PageKind::Huge;
};

/// Runs every case that the options leave; returns the exit code.
int run_table(const TableOptions& options);

}  // namespace sluice::bench
