// SPDX-License-Identifier: BSD-3-Clause
#include "why/next_segment.h"

#include "conntrack/sctp_tracker.h"
#include "conntrack/status.h"
#include "conntrack/tcp_tracker.h"

namespace sluice::why {

using net::Direction;

uint8_t likely_flags(Direction direction, uint8_t status) {
    if ((status & conntrack::kSeenReply) != 0)
        return conntrack::kAck;
    return direction == Direction::Original ? conntrack::kSyn : conntrack::kSyn | conntrack::kAck;
}

void go_on(conntrack::Segment& segment, Direction direction, const TrackerCopy& memory) {
    if (segment.protocol == net::Protocol::Tcp) {
        const auto& tracker = reinterpret_cast<const conntrack::TcpTracker&>(memory);
        const conntrack::TcpEnd& sender = tracker.ends[index(direction)];
        const bool comes_again =
            (segment.tcp_flags & conntrack::kSyn) != 0 && sender.max_window != 0;
        segment.seq = sender.end - (comes_again ? 1 : 0);
        segment.ack = tracker.ends[index(opposite(direction))].end;
        segment.options.sack_edge = segment.ack;
    } else if (segment.protocol == net::Protocol::Sctp) {
        const auto& tracker = reinterpret_cast<const conntrack::SctpTracker&>(memory);
        const uint32_t tag = tracker.tag[index(direction)];
        segment.sctp_packet = {tag != 0 ? tag : tracker.offered[index(direction)], 0, 1, false};
    }
}

}  // namespace sluice::why
