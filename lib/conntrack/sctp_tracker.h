// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// SCTP tracker: associations by their chunks and verification tags.
///
/// Shape    Pure functions over the state in FlowState and the tracker's own memory.
/// Errors   A packet without a tag that its receiver has asked for is refused, before it counts.
/// Source   RFC 9260 §5 and §8.5; nf_conntrack_sctp_packet() of Linux 6.x as it shows from outside.

#include "conntrack/tracker.h"

#include <array>
#include <cstdint>

namespace sluice::conntrack {

/// The tags that packets of each direction carry, indexed by net::Direction: each is what the other
/// end has asked for in its INIT or INIT ACK. 0 is none.
struct SctpTracker {
    std::array<uint32_t, 2> tag{};      ///< Of the association that stands.
    std::array<uint32_t, 2> offered{};  ///< Of the last handshake, finished or not.
};

static_assert(sizeof(SctpTracker) <= kTrackerBytes);

/// The first packet, from inside, and what the tracker of its flow knows then.
Verdict open_sctp(const Tuning& tuning, const Segment& segment, SctpTracker& tracker);
Verdict track_sctp(const Tuning& tuning, const FlowState& flow, net::Direction direction,
                   const Segment& segment, SctpTracker& tracker);

}  // namespace sluice::conntrack
