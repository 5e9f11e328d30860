// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_tracker.h"

#include "conntrack/verdict.h"

#include <algorithm>

namespace sluice::conntrack {
namespace {

using net::Direction;
using stats::Drop;

/// A segment and the flow that it met.
struct Arrival {
    const Tuning& tuning;
    const FlowState& flow;
    Direction direction;
    SegmentClass segment;
};

Drop reason_against(SegmentClass opener) {
    switch (opener) {
        case SegmentClass::SynAck:
            return Drop::InvalidUntrackedSynAck;
        case SegmentClass::Fin:
            return Drop::InvalidUntrackedFin;
        case SegmentClass::Ack:
            return Drop::InvalidUntrackedAck;
        case SegmentClass::Rst:
            return Drop::InvalidUntrackedRst;
        default:
            return Drop::InvalidFlags;
    }
}

/// How long a flow may stay in `state`. Until a reply comes, nothing proves that a connection which
/// was picked up in the middle is alive at all.
Duration timeout_of(const Tuning& tuning, TcpState state, uint8_t status) {
    const Duration timeout = tuning.tcp[state];
    if (state == TcpState::Established && !(status & kSeenReply))
        return std::min(timeout, tuning.tcp_unacknowledged);
    return timeout;
}

/// The last segment was a SYN from the other end.
bool answers_syn(const Arrival& arrival, const TcpTracker& tracker) {
    return tracker.last_segment == SegmentClass::Syn && tracker.last_direction != arrival.direction;
}

/// Whether a SYN on a finished connection comes from an end that knows it to be finished: both do
/// after an orderly close, and so does the one that has just reset it. Any other may be spurious.
bool knows_the_end(const Arrival& arrival, const TcpTracker& tracker) {
    return tracker.closed || (tracker.last_segment == SegmentClass::Rst &&
                              tracker.last_direction == arrival.direction);
}

/// The segment has put the flow into `state`.
Verdict settle(const Arrival& arrival, TcpState state, TcpTracker& tracker) {
    const FlowState& flow = arrival.flow;
    tracker.last_segment = arrival.segment;
    tracker.last_direction = arrival.direction;
    tracker.closed |= state == TcpState::FinWait;

    Verdict verdict =
        refreshed(flow, arrival.direction, timeout_of(arrival.tuning, state, flow.status));
    verdict.state = state;

    // The first reply counts from the segment after it.
    if (flow.status & kSeenReply) {
        if (state == TcpState::Established)
            verdict.status |= kAssured;
    } else if (arrival.segment == SegmentClass::Rst) {
        verdict.action = Action::Delete;  // the only answer was a refusal
    } else if (arrival.segment == SegmentClass::Syn && flow.state == TcpState::SynSent) {
        verdict.refresh = false;  // or a client that tries for ever would hold its mapping for ever
    }
    return verdict;
}

/// The segment passes, but is only remembered: what it means shows in the answer.
Verdict ignore(const Arrival& arrival, TcpTracker& tracker) {
    if (arrival.segment == SegmentClass::SynAck && answers_syn(arrival, tracker)) {
        tracker = {};  // the SYN was good: the ends are in step, and from here on we are too
        return settle(arrival, TcpState::SynRecv, tracker);
    }
    tracker.last_segment = arrival.segment;
    tracker.last_direction = arrival.direction;
    if (arrival.segment == SegmentClass::Syn && arrival.direction == Direction::Original) {
        tracker.simultaneous_open = false;
        tracker.challenge_ack = arrival.flow.state == TcpState::LastAck;
    }
    return passed(arrival.flow, arrival.direction);
}

/// The table says that the flow moves to `state`; here are the cases that it cannot know.
Verdict move(const Arrival& arrival, TcpState state, TcpTracker& tracker) {
    const FlowState& flow = arrival.flow;
    switch (state) {
        case TcpState::SynSent:
            if (flow.state == TcpState::SynSent)
                break;
            return knows_the_end(arrival, tracker) ? reopened(flow, arrival.direction)
                                                   : ignore(arrival, tracker);
        case TcpState::SynSent2:
            tracker.simultaneous_open = true;
            break;
        case TcpState::SynRecv:
            // Each end has sent a SYN, so either end's ACK completes the handshake.
            if (arrival.direction == Direction::Reply && arrival.segment == SegmentClass::Ack &&
                tracker.simultaneous_open)
                return settle(arrival, TcpState::Established, tracker);
            break;
        case TcpState::TimeWait:
            if (arrival.segment == SegmentClass::Ack && tracker.challenge_ack &&
                answers_syn(arrival, tracker)) {
                tracker.challenge_ack = false;
                return passed(flow, arrival.direction);
            }
            break;
        default:
            break;
    }
    return settle(arrival, state, tracker);
}

}  // namespace

Verdict open_tcp(const Tuning& tuning, uint8_t tcp_flags) {
    if (!are_legal_flags(tcp_flags))
        return refused(Drop::InvalidFlags);
    const SegmentClass segment = classify(tcp_flags);
    const Transition transition = next(Direction::Original, segment, TcpState::None);
    const bool picked_up = segment == SegmentClass::Ack;
    if (transition.step != Step::Move || (picked_up && !tuning.tcp_loose))
        return refused(reason_against(segment));
    return opened(transition.state, timeout_of(tuning, transition.state, 0));
}

TcpTracker begin_tcp(uint8_t tcp_flags) {
    TcpTracker tracker;
    tracker.last_segment = classify(tcp_flags);
    return tracker;
}

Verdict track_tcp(const Tuning& tuning, const FlowState& flow, Direction direction,
                  uint8_t tcp_flags, TcpTracker& tracker) {
    if (!are_legal_flags(tcp_flags))
        return refused(flow, Drop::InvalidFlags);
    const Arrival arrival{tuning, flow, direction, classify(tcp_flags)};
    const Transition transition = next(direction, arrival.segment, flow.state);
    switch (transition.step) {
        case Step::Move:
            return move(arrival, transition.state, tracker);
        case Step::Ignore:
            return ignore(arrival, tracker);
        case Step::Refuse:
            break;
    }
    return refused(flow, Drop::InvalidTransition);
}

}  // namespace sluice::conntrack
