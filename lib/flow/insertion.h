// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Insertion: what has become of a record that was to be put into the flow table.

#include "flow/flow_record.h"

#include <cstdint>

namespace sluice::flow {

/// What became of an insert.
enum class InsertOutcome : uint8_t {
    Inserted,
    OriginalTaken,  ///< `holder` has the original tuple already.
    ReplyTaken,     ///< `holder` has the reply tuple: the external port is in use.
    NoSpace,        ///< No room within the search's bound.
};

struct Insertion {
    InsertOutcome outcome = InsertOutcome::NoSpace;
    FlowRef holder;       ///< Its record's owner may be read: it is written before the claim.
    uint8_t expired = 0;  ///< Holders past their deadline that it has killed.
};

}  // namespace sluice::flow
