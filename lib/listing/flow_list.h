// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Flow list: lists, counts and deletes flows while the gateway forwards, in nobody's way.
///
/// Shape    The table's records are walked in segments of 1 024, several at once, in a TBB arena of
///          its own. A listing is pulled piece by piece, in the order of the records.
/// Threads  Any thread may call, several at once; callers take part in the work. Each segment is
///          copied in a reading of its own (flow::Reading), so that a thread that waits, formats or
///          gets no CPU never delays the reuse of records for long. Deleting takes a member, for 16
///          flows at a time, and leaves the idle class for that (listing/doomed.h).
/// Memory   A listing holds one piece: at most 16 segments, some 3 MB as text.
/// Errors   None. A flow that opens or ends meanwhile is seen or not; every other flow is seen
///          once.
/// Cost     One of the flow table's max_members for each of `threads`.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "listing/background.h"
#include "listing/flow_filter.h"

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::listing {

enum class Format : uint8_t { Text, Json };

class FlowList {
public:
    /// `threads` walk at once, callers among them; at least 1.
    FlowList(flow::FlowTable& table, const Background& background, unsigned threads);
    ~FlowList();

    uint64_t count(const FlowFilter& filter, Tick now) const;

    /// Ends every flow that matches; returns how many ended by this call.
    uint64_t kill(const FlowFilter& filter, Tick now, flow::Kind kind = flow::Kind::Flow) const;

    /// One pass over the table. The FlowList must outlive it; one thread at a time.
    class Listing {
    public:
        Listing(const FlowList& list, const FlowFilter& filter, Format format)
            : list_(list), filter_(filter), format_(format) {}

        /// Puts the next piece into `out`: whole lines, or part of a JSON array with one flow on
        /// each line. False when there is no more.
        bool next(std::string& out, Tick now);

    private:
        void append_piece(std::string& out, Tick now);

        const FlowList& list_;
        FlowFilter filter_;
        Format format_;
        uint32_t position_ = 0;  // the next segment
        bool opened_ = false;    // the JSON array
        bool closed_ = false;
    };

private:
    class Arena;

    flow::FlowTable& table_;
    std::unique_ptr<Arena> arena_;
};

}  // namespace sluice::listing
