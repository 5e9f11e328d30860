// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tracker.h"

#include "conntrack/tcp_tracker.h"
#include "conntrack/verdict.h"

#include <new>

namespace sluice::conntrack {
namespace {

using net::Direction;
using net::Protocol;
using stats::Drop;

// ICMP types: RFC 792.
constexpr uint8_t kEchoReply = 0;
constexpr uint8_t kEchoRequest = 8;

/// A UDP flow younger than this is a question and its answer, however many packets they take.
constexpr Duration kStreamAge = Duration::seconds(2);

Verdict track_udp(const Tuning& tuning, const FlowState& flow, Direction direction) {
    // The first reply counts from the datagram after it. A stream stays one: `age` runs over after
    // 24 days.
    const bool old = flow.age > kStreamAge || (flow.status & kAssured);
    if (!(flow.status & kSeenReply) || !old)
        return refreshed(flow, direction, tuning.udp);
    Verdict verdict = refreshed(flow, direction, tuning.udp_stream);
    verdict.status |= kAssured;
    return verdict;
}

Verdict open_icmp(const Tuning& tuning, uint8_t type) {
    if (type != kEchoRequest)
        return refused(Drop::InvalidUntrackedIcmp);
    return opened(TcpState::None, tuning.icmp);
}

Verdict track_icmp(const Tuning& tuning, const FlowState& flow, Direction direction, uint8_t type) {
    // An identifier can look like a type and code, so that a tuple alone does not tell a query from
    // an answer.
    if (type != (direction == Direction::Original ? kEchoRequest : kEchoReply))
        return refused(flow, Drop::InvalidUntrackedIcmp);
    return refreshed(flow, direction, tuning.icmp);
}

TcpTracker& tcp_tracker(TrackerMemory memory) {
    return *std::launder(reinterpret_cast<TcpTracker*>(memory.data()));
}

}  // namespace

Verdict open(const Tuning& tuning, const Segment& segment) {
    switch (segment.protocol) {
        case Protocol::Tcp:
            return open_tcp(tuning, segment);
        case Protocol::Udp:
            return opened(TcpState::None, tuning.udp);
        case Protocol::Icmp:
            return open_icmp(tuning, segment.icmp_type);
    }
    return refused(Drop::ProtocolUnsupported);
}

void begin(const Tuning& tuning, const Segment& segment, TrackerMemory memory) {
    if (segment.protocol == Protocol::Tcp)
        new (memory.data()) TcpTracker(begin_tcp(tuning, segment));
}

Verdict track(const Tuning& tuning, const FlowState& flow, Direction direction,
              const Segment& segment, TrackerMemory memory) {
    switch (segment.protocol) {
        case Protocol::Tcp:
            return track_tcp(tuning, flow, direction, segment, tcp_tracker(memory));
        case Protocol::Udp:
            return track_udp(tuning, flow, direction);
        case Protocol::Icmp:
            return track_icmp(tuning, flow, direction, segment.icmp_type);
    }
    return refused(flow, Drop::ProtocolUnsupported);
}

}  // namespace sluice::conntrack
