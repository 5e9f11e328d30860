// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reading: a look at some records by a thread that only copies, as lists do.
///
/// Shape    A reader like a member, but one that the control core puts offline when it takes too
///          long (base/grace.h), as a thread of the idle class may on a busy CPU. What it has
///          copied is void then, and it looks again.
/// Threads  One. Nothing is changed through it, and nothing that was copied is used before end().
/// Cost     Of the flow table's max_members, one for as long as it lasts.

#include "flow/flow_table.h"

namespace sluice::flow {

class Reading {
public:
    /// Takes a place among max_members.
    explicit Reading(FlowTable& table);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    /// Ends it. False when what was copied is void.
    bool end();

private:
    FlowTable& table_;
    unsigned seat_;
    bool is_open_ = true;
};

/// Returns what look() has copied in a reading that was in time.
template <typename Look>
auto read_records(FlowTable& table, Look look) {
    for (;;) {
        Reading reading(table);
        auto copied = look();
        if (reading.end())
            return copied;
    }
}

}  // namespace sluice::flow
