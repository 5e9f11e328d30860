// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Calling: what a packet of a control connection of PPTP says of calls.
///
/// Shape    One step, right behind tracking, so that GRE behind it in the burst is met by the call.
///          Messages are read as long as they are whole, from the beginning of the segment. One in
///          which a call ID is to be another is written anew; none changes its length, so sequence
///          numbers stay.
/// Threads  Owned by one worker, of whose flows it is asked.
/// Errors   What cannot be read, or foretold, passes as it came, and is counted: also a message in
///          parts, what comes behind its first part, and what comes behind kMostMessages: each
///          takes a search or two, and a sum of the segment.
/// Source   conntrack_pptp_help() and nf_nat_pptp of Linux: the server knows a call by the client's
///          port of the control connection, as it sees that. Linux reads one message of a segment.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "helper/helped.h"
#include "nat/foretelling.h"
#include "net/packet.h"
#include "stats/counters.h"

#include <cstddef>
#include <optional>
#include <span>

struct rte_mbuf;

namespace sluice::worker {

class Calling {
public:
    /// All of these outlive this object.
    struct Parts {
        const flow::FlowTable& table;
        nat::Foretelling& foretelling;
        stats::Counters& counters;
        helper::Helped* helpers;
    };

    static constexpr unsigned kMostMessages = 4;  ///< Of a segment; few have two.

    explicit Calling(const Parts& parts) : parts_(parts) {}

    /// Of a packet that has been tracked.
    void hear(rte_mbuf* mbuf, net::Packet& packet, flow::FlowRef flow, Tick now) const;

private:
    std::optional<Be16> told_of(flow::FlowRef flow) const;
    void count(stats::Count what) const { parts_.counters.count[what].add(1); }

    Parts parts_;
};

}  // namespace sluice::worker
