// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Record memory: records and accounts in memory that outlives the flow table (lib/state).
///
/// Memory   Zeroed, or with the records of a table before. To a new table all of them are free,
///          until it has adopted them (flow/adoption.h).

#include "flow/accounts.h"
#include "flow/flow_record.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::flow {

struct RecordMemory {
    std::span<FlowRecord> records;
    std::span<Account> accounts;  ///< As many, where there is accounting.

    static constexpr size_t bytes_needed(uint32_t capacity, bool accounting) {
        return capacity * (sizeof(FlowRecord) + (accounting ? sizeof(Account) : 0));
    }
};

}  // namespace sluice::flow
