// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ordinary segments: data and ACKs of a connection that stands, as nearly all segments are, judged
/// in a few instructions without a branch that depends on their numbers.
///
/// Shape    One function, which does what track_tcp() does, or nothing at all. track_tcp() is the
///          oracle of its test, and tracks whatever it leaves.
/// Errors   None: it says nothing of a segment that it leaves.
/// Cost     The tracker's line; every number is read and written once.
/// Source   As tcp_window.h, whose four conditions and whose learn() these are.

#include "base/clock.h"
#include "conntrack/tcp_state.h"
#include "conntrack/tcp_tracker.h"
#include "conntrack/tuning.h"
#include "net/tuple.h"

#include <cstdint>

namespace sluice::conntrack {

/// The flags of data and ACKs; what else stands beside ACK has a meaning of its own.
constexpr bool has_ordinary_flags(uint8_t tcp_flags) {
    return (tcp_flags & ~kWithoutMeaning & 0xff) == kAck;
}

/// What is looked at in a segment with such flags and without SACK blocks; in host order. Both
/// numbers stand as one word of eight bytes that is read from a header has them.
struct OrdinarySegment {
    uint32_t ack = 0;
    uint32_t seq = 0;
    uint16_t window = 0;   ///< As it stands in the header, not scaled.
    uint16_t payload = 0;  ///< Bytes of data.
};

/// No timeout.
inline constexpr Duration kLeft{-1};

/// Of a flow in state ESTABLISHED whose status has both kSeenReply and kAssured: state and status
/// stay, and the flow lives on for as long as it says. kLeft, and nothing is written, where the
/// segment is not within both windows, or one of them is not known; where it closes its sender's
/// window; or where it has been repeated so often that it shortens the timeout.
Duration track_ordinary(const Tuning& tuning, net::Direction direction, OrdinarySegment segment,
                        TcpTracker& tracker);

}  // namespace sluice::conntrack
