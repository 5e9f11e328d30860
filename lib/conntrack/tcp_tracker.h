// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP tracker: the rules around the transition table, and what they must remember of a flow.
///
/// Shape    Three functions behind open(), begin() and track() of tracker.h; no one else calls
/// them. Source   tcp_new() and nf_conntrack_tcp_packet() of Linux 6.x; RFC 5961 §4 (challenge
/// ACK).

#include "conntrack/tcp_state.h"
#include "conntrack/tracker.h"
#include "net/tuple.h"

#include <cstdint>

namespace sluice::conntrack {

/// A flow's memory besides its state; it stands at the front of the flow's TrackerMemory.
struct TcpTracker {
    /// The last segment that the table moved or ignored, and its direction.
    SegmentClass last_segment = SegmentClass::None;
    net::Direction last_direction = net::Direction::Original;

    bool closed = false;  ///< A first FIN was seen: the flow ends, or has ended, in order.
    bool simultaneous_open = false;  ///< Both ends sent a SYN.
    bool challenge_ack = false;      ///< A SYN met LAST_ACK: the next ACK answers it, not the FIN.
};

static_assert(sizeof(TcpTracker) <= kTrackerBytes, "it lives in the record's second line");

/// The first segment, from inside.
Verdict open_tcp(const Tuning& tuning, uint8_t tcp_flags);

/// What the tracker of a flow knows once the segment with these flags has opened it.
TcpTracker begin_tcp(uint8_t tcp_flags);

/// A segment of a known flow.
Verdict track_tcp(const Tuning& tuning, const FlowState& flow, net::Direction direction,
                  uint8_t tcp_flags, TcpTracker& tracker);

}  // namespace sluice::conntrack
