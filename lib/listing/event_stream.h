// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Event stream: what happens to flows, as people and programs read it, while it happens.
///
/// Shape    Pulled piece by piece. As text the lines of `conntrack -E`, of flows alone; as JSON one
///          object on each line, of flows and of blocks of ports.
/// Threads  One. Whoever reads slowly, or not at all, delays nobody: the flows' journal goes on
///          without it.
/// Errors   What was lost because it was read too slowly stands in the stream, as a number.
/// Source   Output of `conntrack -E -o timestamp`, conntrack 1.4.7.

#include "base/clock.h"
#include "flow/journal.h"
#include "listing/event_text.h"
#include "listing/flow_filter.h"
#include "listing/flow_list.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::listing {

struct EventStreamParams {
    FlowFilter filter{};  ///< An empty one lets everything through.
    Format format = Format::Text;
    bool timestamps = false;  ///< In text; JSON has them always.
    EventShown shown = {};    ///< In text.
};

class EventStream {
public:
    EventStream(flow::Journal& journal, const EventStreamParams& params)
        : reader_(journal), params_(params) {}

    /// Puts what has happened since the last call into `out`: whole lines, or nothing. Returns how
    /// many events were lost before them.
    uint64_t next(std::string& out);

private:
    bool is_wanted(const flow::JournalEntry& entry);
    void append(std::string& out, const flow::JournalEntry& entry);
    void append_lost(std::string& out, uint64_t count) const;

    flow::Journal::Reader reader_;
    EventStreamParams params_;
    std::vector<flow::JournalEntry> entries_;
};

}  // namespace sluice::listing
