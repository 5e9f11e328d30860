// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tracker.h"

#include "conntrack/sctp_tracker.h"
#include "conntrack/tcp_tracker.h"
#include "net/icmp.h"

#include <new>

namespace sluice::conntrack {
namespace {

using net::Direction;
using net::Protocol;
using stats::Drop;

/// A stream from the packet after the first reply on, however young: GRE and UDP-Lite have no
/// questions of one packet, as UDP has.
Verdict track_stream(const FlowState& flow, Direction direction, Duration timeout,
                     Duration stream_timeout) {
    if (!(flow.status & kSeenReply))
        return refreshed(flow, direction, timeout);
    Verdict verdict = refreshed(flow, direction, stream_timeout);
    verdict.status |= kAssured;
    return verdict;
}

Verdict open_icmp(const Tuning& tuning, uint8_t type) {
    if (!net::is_icmp_query(type))
        return refused(Drop::InvalidUntrackedIcmp);
    return opened({}, tuning.icmp);
}

Verdict track_icmp(const Tuning& tuning, const FlowState& flow, Direction direction, uint8_t type) {
    // An identifier can look like a type and code, so that a tuple alone does not tell a query from
    // an answer.
    if (net::is_icmp_query(type) != (direction == Direction::Original))
        return refused(flow, Drop::InvalidUntrackedIcmp);
    return refreshed(flow, direction, tuning.icmp);
}

SctpTracker& sctp_tracker(TrackerMemory memory) {
    return *std::launder(reinterpret_cast<SctpTracker*>(memory.data()));
}

}  // namespace

Verdict open(const Tuning& tuning, const Segment& segment, TrackerMemory memory) {
    switch (segment.protocol) {
        case Protocol::Tcp:
            return open_tcp(tuning, segment, *new (memory.data()) TcpTracker);
        case Protocol::Udp:
            return opened({}, tuning.udp);
        case Protocol::Icmp:
            return open_icmp(tuning, segment.icmp_type);
        case Protocol::UdpLite:
            return opened({}, tuning.udp_lite);
        case Protocol::Sctp:
            return open_sctp(tuning, segment, *new (memory.data()) SctpTracker);
        case Protocol::Gre:
            return opened({}, tuning.gre);
        default:
            return opened({}, tuning.generic);
    }
}

Verdict track_other(const Tuning& tuning, const FlowState& flow, Direction direction,
                    const Segment& segment, TrackerMemory memory) {
    switch (segment.protocol) {
        case Protocol::Icmp:
            return track_icmp(tuning, flow, direction, segment.icmp_type);
        case Protocol::UdpLite:
            return track_stream(flow, direction, tuning.udp_lite, tuning.udp_lite_stream);
        case Protocol::Sctp:
            return track_sctp(tuning, flow, direction, segment, sctp_tracker(memory));
        case Protocol::Gre:
            // Nothing but a control connection of PPTP foretells GRE.
            if ((flow.status & kRelated) != 0)
                return track_stream(flow, direction, kCallTimeout, kCallStreamTimeout);
            return track_stream(flow, direction, tuning.gre, tuning.gre_stream);
        default:
            return refreshed(flow, direction, tuning.generic);
    }
}

}  // namespace sluice::conntrack
