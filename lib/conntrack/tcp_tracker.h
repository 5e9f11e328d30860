// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP tracker: the rules around the transition table, and what they must remember of a flow.
///
/// Shape    Two functions behind open() and begin() of tracker.h, and track_tcp(), which is there.
/// Source   tcp_new(), nf_conntrack_tcp_packet() and nf_tcp_handle_invalid() of Linux 6.x;
///          RFC 5961 §3 (RST) and §4 (challenge ACK).

#include "conntrack/tcp_state.h"
#include "conntrack/tcp_window.h"
#include "conntrack/tracker.h"
#include "net/tuple.h"

#include <cstdint>

namespace sluice::conntrack {

/// A flow's memory besides its state; it stands at the front of the flow's TrackerMemory.
struct TcpTracker {
    TcpEnds ends;

    // Of the last ACK that fitted, or of the last segment that was ignored.
    uint32_t last_ack = 0;
    uint32_t last_seq = 0;
    uint16_t last_window = 0;  ///< As in the header.
    uint16_t last_length = 0;  ///< Up to last_end().

    /// The last segment that the table moved or ignored, and its direction.
    SegmentClass last_segment = SegmentClass::None;
    net::Direction last_direction = net::Direction::Original;

    uint8_t repeats = 0;  ///< How often that ACK has come again; runs over, as it does in Linux.

    // In one byte: a record has none to spare.
    // Of the last SYN that was ignored, for the SYN/ACK that may answer it.
    uint8_t offered_scale : 4 = 0;
    uint8_t offered_flags : 2 = 0;       ///< EndFlag bits: kOffersScale, kOffersSack.
    bool simultaneous_open : 1 = false;  ///< Both ends sent a SYN.
    bool challenge_ack : 1 = false;  ///< A SYN met LAST_ACK: the next ACK answers it, not the FIN.

    /// Behind the last byte of that segment; SYN and FIN count as one each.
    uint32_t last_end() const { return last_seq + last_length; }
    void remember_extent(const Segment& segment) {
        last_seq = segment.seq;
        last_length = static_cast<uint16_t>(end_of(segment) - segment.seq);
    }
};

static_assert(sizeof(TcpTracker) == kTrackerBytes, "it lives in the record's second line");

/// The first segment, from inside, and what the tracker of its flow knows then.
Verdict open_tcp(const Tuning& tuning, const Segment& segment, TcpTracker& tracker);

/// How the receiver of a RST asks its sender back whether it is meant (RFC 5961 §3.2), as far as
/// the flow's segments have told where both stand.
struct Question {
    uint32_t seq = 0;     ///< Behind what the receiver has sent.
    uint32_t ack = 0;     ///< Behind what it has acknowledged.
    uint16_t window = 0;  ///< What it has room for, as in a header.
};
Question question_to(const TcpTracker& tracker, net::Direction sender);

}  // namespace sluice::conntrack
