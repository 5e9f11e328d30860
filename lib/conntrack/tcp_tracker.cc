// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_tracker.h"

#include "base/serial.h"
#include "conntrack/verdict.h"

#include <algorithm>
#include <new>

namespace sluice::conntrack {
namespace {

using net::Direction;
using stats::Drop;

/// A segment and the flow that it met.
struct Arrival {
    const Tuning& tuning;
    const FlowState& flow;
    Direction direction;
    SegmentClass kind;
    const Segment& segment;
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

/// How long the flow may stay in `state`, now that the segment has put it there. Of the caps, the
/// first that applies is the only one.
Duration timeout_of(const Arrival& arrival, TcpState state, const TcpTracker& tracker) {
    const Tuning& tuning = arrival.tuning;
    Duration timeout = tuning.tcp[state];
    const uint8_t flags = tracker.ends[0].flags | tracker.ends[1].flags;
    if (tracker.repeats >= tuning.tcp_max_retrans && timeout > tuning.tcp_max_retrans_timeout)
        timeout = tuning.tcp_max_retrans_timeout;
    else if (arrival.kind == SegmentClass::Rst)
        timeout = tuning.tcp[TcpState::Close];
    else if ((flags & kUnacknowledged) && timeout > tuning.tcp_unacknowledged)
        timeout = tuning.tcp_unacknowledged;
    else if (tracker.last_window == 0)
        timeout = std::min(timeout, tuning.tcp_max_retrans_timeout);
    // Until a reply comes, nothing proves that a connection which was picked up is alive at all.
    if (state == TcpState::Established && !(arrival.flow.status & kSeenReply))
        timeout = std::min(timeout, tuning.tcp_unacknowledged);
    return state == TcpState::Close ? std::max(timeout, tuning.tcp_reset_hold) : timeout;
}

/// An attempt that a RST has answered holds its port for a while.
bool keeps_refused(const Tuning& tuning) {
    return tuning.tcp_strict || tuning.tcp_reset_hold.milliseconds != 0;
}

/// The last segment was a SYN from the other end.
bool answers_syn(const Arrival& arrival, const TcpTracker& tracker) {
    return tracker.last_segment == SegmentClass::Syn && tracker.last_direction != arrival.direction;
}

/// Whether a SYN on a finished connection comes from an end that knows it to be finished: both do
/// after an orderly close, and so does the one that has just reset it. Any other may be spurious.
bool knows_the_end(const Arrival& arrival, const TcpTracker& tracker) {
    return tracker.ends[0].has(kClosedFirst) || tracker.ends[1].has(kClosedFirst) ||
           (tracker.last_segment == SegmentClass::Rst &&
            tracker.last_direction == arrival.direction);
}

void remember_kind(const Arrival& arrival, TcpTracker& tracker) {
    tracker.last_segment = arrival.kind;
    tracker.last_direction = arrival.direction;
}

/// Counts an ACK that is sent again and again: its sender gets no answer that it can use.
void count_repeats(const Arrival& arrival, TcpTracker& tracker) {
    const Segment& segment = arrival.segment;
    // `last_direction` is of the last segment of any kind, this one not yet among them.
    if (tracker.last_direction == arrival.direction && tracker.last_seq == segment.seq &&
        tracker.last_ack == segment.ack && tracker.last_end() == end_of(segment) &&
        tracker.last_window == segment.window) {
        ++tracker.repeats;
        return;
    }
    tracker.last_direction = arrival.direction;
    tracker.remember_extent(segment);
    tracker.last_ack = segment.ack;
    tracker.last_window = segment.window;
    tracker.repeats = 0;
}

/// The segment has put the flow into `state`.
Verdict verdict_for(const Arrival& arrival, TcpState state, TcpTracker& tracker) {
    const FlowState& flow = arrival.flow;
    remember_kind(arrival, tracker);
    if (state == TcpState::FinWait && flow.state != TcpState::FinWait)
        tracker.ends[index(arrival.direction)].flags |= kClosedFirst;

    Verdict verdict = refreshed(flow, arrival.direction, timeout_of(arrival, state, tracker));
    verdict.state = state;

    // The first reply counts from the segment after it.
    if (flow.status & kSeenReply) {
        if (state == TcpState::Established)
            verdict.status |= kAssured;
    } else if (arrival.kind == SegmentClass::Rst && !keeps_refused(arrival.tuning)) {
        verdict.action = Action::Delete;  // the only answer was a refusal
    } else if (arrival.kind == SegmentClass::Syn && flow.state == TcpState::SynSent) {
        verdict.refresh = false;  // or a client that tries for ever would hold its mapping for ever
    }
    // Or whoever sends RST after RST would make --reset-hold as long as he likes.
    if (flow.state == TcpState::Close && state == TcpState::Close &&
        arrival.tuning.tcp_reset_hold.milliseconds != 0)
        verdict.refresh = false;
    return verdict;
}

/// When each end in turn wants to close and cannot, because we take its FIN or RST for one out of
/// window, then it is we who have lost the thread: the flow must not stay for days.
Verdict refuse(const Arrival& arrival, Drop reason, TcpTracker& tracker) {
    constexpr Duration kShort = Duration::seconds(120);
    const auto closes = [](SegmentClass kind) {
        return kind == SegmentClass::Fin || kind == SegmentClass::Rst;
    };
    Verdict verdict = refused(arrival.flow, reason);
    if (!closes(arrival.kind) || !(arrival.flow.status & kAssured))
        return verdict;
    if (tracker.last_direction == arrival.direction || !closes(tracker.last_segment)) {
        remember_kind(arrival, tracker);
        return verdict;
    }
    const Duration remaining = arrival.flow.remaining;
    verdict.refresh = remaining >= kShort && remaining > arrival.tuning.tcp_unacknowledged;
    verdict.timeout = arrival.tuning.tcp_unacknowledged;
    return verdict;
}

/// Into `state`, if the segment fits the window.
Verdict enter(const Arrival& arrival, TcpState state, TcpTracker& tracker) {
    const Course course{arrival.direction, arrival.flow.state.tcp(), arrival.tuning.tcp_be_liberal};
    switch (fit(course, arrival.segment, tracker.ends)) {
        case Fit::Inside:
            if (arrival.kind == SegmentClass::Ack)
                count_repeats(arrival, tracker);
            break;
        case Fit::Tolerated:
            break;
        case Fit::Stale:
        case Fit::Ahead:
            return passed(arrival.flow, arrival.direction);
        case Fit::Above:
            return refuse(arrival, Drop::InvalidWindowAbove, tracker);
        case Fit::Unsent:
            return refuse(arrival, Drop::InvalidAckUnsent, tracker);
    }
    return verdict_for(arrival, state, tracker);
}

/// The SYN that we ignored was good, this SYN/ACK says: the ends are in step, and so are we from
/// here on, by what that SYN said.
Verdict fall_into_step(const Arrival& arrival, TcpTracker& tracker) {
    TcpEnd& caller = tracker.ends[index(opposite(arrival.direction))];
    caller.end = caller.max_end = tracker.last_end();
    caller.max_window = std::max<uint32_t>(tracker.last_window, 1);
    caller.scale = tracker.offered_scale;
    caller.flags = tracker.offered_flags;
    tracker.challenge_ack = false;
    TcpEnd& called = tracker.ends[index(arrival.direction)];
    called = {.flags = static_cast<uint8_t>(called.flags & kLiberal)};  // and now says the rest
    return enter(arrival, TcpState::SynRecv, tracker);
}

/// The segment passes, but is only remembered: what it means shows in the answer.
Verdict ignore(const Arrival& arrival, TcpTracker& tracker) {
    const Segment& segment = arrival.segment;
    if (arrival.kind == SegmentClass::SynAck && answers_syn(arrival, tracker) &&
        segment.ack == tracker.last_end())
        return fall_into_step(arrival, tracker);
    remember_kind(arrival, tracker);
    tracker.remember_extent(segment);
    tracker.last_window = segment.window;
    if (arrival.kind == SegmentClass::Syn && arrival.direction == Direction::Original) {
        TcpEnd caller;
        read_offer(segment, caller);
        tracker.offered_scale = caller.scale & 0xf;
        tracker.offered_flags = caller.flags & (kOffersScale | kOffersSack);
        tracker.simultaneous_open = false;
        tracker.challenge_ack = arrival.flow.state == TcpState::LastAck;
    }
    if (arrival.flow.state == TcpState::SynSent && arrival.kind == SegmentClass::Ack &&
        arrival.direction == Direction::Reply)
        tracker.last_ack = segment.ack;  // perhaps a challenge ACK, which a RST at it answers
    return passed(arrival.flow, arrival.direction);
}

/// What a RST's number says, held against the last ACK of its receiver. RFC 5961 §3.2: where it is
/// in the window, but not exactly where the next byte is expected, the receiver asks back.
enum class RstFit : uint8_t {
    Unknown,  ///< No ACK to compare it with.
    Closes,
    Asks,
    Refused,
};

RstFit judge(const Arrival& arrival, const TcpTracker& tracker) {
    const TcpEnd& receiver = tracker.ends[index(opposite(arrival.direction))];
    // After a SYN that was let through, the last ACK may be that of another connection.
    if (!receiver.has(kHasAcknowledged) || tracker.last_segment == SegmentClass::Syn)
        return RstFit::Unknown;
    const uint32_t seq = arrival.segment.seq;
    const bool stands =
        arrival.flow.state == TcpState::Established && (arrival.flow.status & kAssured);
    if (seq == 0 && !stands)  // it answers a SYN that was let through
        return RstFit::Closes;
    if (is_before(seq, receiver.max_ack) && !arrival.tuning.tcp_ignore_invalid_rst)
        return RstFit::Refused;
    // Or right behind data that the receiver has not acknowledged yet.
    const bool follows_data = tracker.last_segment == SegmentClass::Ack &&
                              tracker.last_direction == arrival.direction &&
                              tracker.last_end() == seq;
    return !stands || seq == receiver.max_ack || follows_data ? RstFit::Closes : RstFit::Asks;
}

/// It answers what we let pass unchecked, so that its numbers are not those of the windows.
bool answers_ignored(const Arrival& arrival, const TcpTracker& tracker) {
    const Segment& segment = arrival.segment;
    const uint8_t status = arrival.flow.status;
    const bool after_syn = (status & kSeenReply) && answers_syn(arrival, tracker);
    const bool after_ack = !(status & kAssured) && tracker.last_segment == SegmentClass::Ack;
    if ((after_syn || after_ack) && segment.ack == tracker.last_end())
        return true;
    // A challenge ACK, before the handshake.
    return arrival.flow.state == TcpState::SynSent && tracker.last_segment == SegmentClass::Ack &&
           segment.seq == tracker.last_ack;
}

/// The numbers of both ends are followed: nothing was picked up midway, or taken over, and no
/// window is waived.
bool is_followed(const Arrival& arrival, const TcpTracker& tracker) {
    constexpr uint8_t kUnsure = kLiberal | kTakenOver;
    const uint8_t flags = tracker.ends[0].flags | tracker.ends[1].flags;
    return !arrival.tuning.tcp_be_liberal && (flags & kUnsure) == 0;
}

/// With --tcp-strict, RFC 5961 §3.2 in every state: exactly where its receiver expects the next
/// byte, or behind the last one that it has been sent.
bool is_due(const Arrival& arrival, const TcpTracker& tracker) {
    const TcpEnd& receiver = tracker.ends[index(opposite(arrival.direction))];
    const TcpEnd& sender = tracker.ends[index(arrival.direction)];
    const uint32_t seq = arrival.segment.seq;
    return (receiver.has(kHasAcknowledged) && seq == receiver.max_ack) ||
           (sender.max_window != 0 && seq == sender.end);
}

/// Any other in the window changes nothing: its sender is asked back, whose answer to that is
/// exact. Where too little is known to ask, it goes on, so that its receiver does. Of a connection
/// that closes no window is asked for, for the ends may be at another by now.
Verdict reset_strictly(const Arrival& arrival, TcpTracker& tracker) {
    if (is_due(arrival, tracker) || answers_ignored(arrival, tracker))
        return verdict_for(arrival, TcpState::Close, tracker);
    const TcpState state = arrival.flow.state.tcp();
    const bool stands = state == TcpState::SynRecv || state == TcpState::Established;
    const TcpEnd& receiver = tracker.ends[index(opposite(arrival.direction))];
    const TcpEnd& sender = tracker.ends[index(arrival.direction)];
    const uint32_t seq = arrival.segment.seq;
    if (stands && receiver.has(kHasAcknowledged) && is_before(seq, receiver.max_ack) &&
        !arrival.tuning.tcp_ignore_invalid_rst)
        return refused(arrival.flow, Drop::InvalidRst);
    if (stands && sender.max_window != 0 && is_after(seq, sender.max_end))
        return refused(arrival.flow, Drop::InvalidWindowAbove);
    if (receiver.has(kHasAcknowledged) && sender.max_window != 0 && is_followed(arrival, tracker))
        return refused(arrival.flow, Drop::RstChallenged);
    return passed(arrival.flow, arrival.direction);
}

/// RFC 9293 §3.10.7.3: before the handshake a RST counts if it acknowledges the SYN.
bool acknowledges_syn(const Arrival& arrival, const TcpTracker& tracker) {
    return (arrival.segment.tcp_flags & kAck) != 0 &&
           arrival.segment.ack == tracker.ends[index(Direction::Original)].end;
}

/// A RST or a bare SYN that answers a SYN, and that who does not see the path could have sent.
bool is_blind(const Arrival& arrival, const TcpTracker& tracker) {
    return arrival.tuning.tcp_strict && arrival.direction == Direction::Reply &&
           arrival.flow.state == TcpState::SynSent && !acknowledges_syn(arrival, tracker);
}

Verdict reset(const Arrival& arrival, TcpTracker& tracker) {
    if (is_blind(arrival, tracker))
        return refused(arrival.flow, Drop::InvalidRst);
    switch (arrival.flow.state.tcp()) {
        case TcpState::FinWait:
        case TcpState::CloseWait:
        case TcpState::LastAck:
        case TcpState::TimeWait:
        case TcpState::Close:  // the ends may be at another connection by now
            return arrival.tuning.tcp_strict ? reset_strictly(arrival, tracker)
                                             : verdict_for(arrival, TcpState::Close, tracker);
        case TcpState::SynRecv:
        case TcpState::Established:
            if (arrival.tuning.tcp_strict && is_followed(arrival, tracker))
                return reset_strictly(arrival, tracker);
            break;
        default:
            break;
    }
    switch (judge(arrival, tracker)) {
        case RstFit::Refused:
            return refused(arrival.flow, Drop::InvalidRst);
        case RstFit::Asks:
            return enter(arrival, arrival.flow.state.tcp(), tracker);
        case RstFit::Unknown:
            if (answers_ignored(arrival, tracker))
                return verdict_for(arrival, TcpState::Close, tracker);
            break;
        case RstFit::Closes:
            break;
    }
    return enter(arrival, TcpState::Close, tracker);
}

/// The table says that the flow moves to `state`; here are the cases that it cannot know.
Verdict move(const Arrival& arrival, TcpState state, TcpTracker& tracker) {
    const FlowState& flow = arrival.flow;
    switch (state) {
        case TcpState::SynSent:
            if (flow.state == TcpState::SynSent)
                break;
            // The host that opened the flow alone may open it anew, with --tcp-strict: a SYN from
            // the other is asked back about by whoever has the port.
            if (arrival.tuning.tcp_strict && arrival.direction == Direction::Reply)
                return ignore(arrival, tracker);
            return knows_the_end(arrival, tracker) ? reopened(flow, arrival.direction)
                                                   : ignore(arrival, tracker);
        case TcpState::SynSent2:
            if (is_blind(arrival, tracker))
                return refused(flow, Drop::InvalidTransition);
            tracker.simultaneous_open = true;
            break;
        case TcpState::SynRecv:
            // Each end has sent a SYN, so either end's ACK completes the handshake.
            if (arrival.direction == Direction::Reply && arrival.kind == SegmentClass::Ack &&
                tracker.simultaneous_open)
                return enter(arrival, TcpState::Established, tracker);
            break;
        case TcpState::TimeWait:
            if (flow.state == TcpState::LastAck && arrival.kind == SegmentClass::Ack &&
                tracker.challenge_ack && answers_syn(arrival, tracker)) {
                tracker.challenge_ack = false;
                return passed(flow, arrival.direction);
            }
            break;
        case TcpState::Close:
            if (arrival.kind == SegmentClass::Rst)
                return reset(arrival, tracker);
            break;
        default:
            break;
    }
    return enter(arrival, state, tracker);
}

/// What nearly every segment does: it deserves a copy of enter() of its own, with all of it
/// inlined.
[[gnu::flatten]] Verdict stay_established(const Arrival& arrival, TcpTracker& tracker) {
    if ((arrival.segment.tcp_flags & (kSyn | kFin | kRst | kAck)) != kAck)
        __builtin_unreachable();  // it would be of another class
    return enter(arrival, TcpState::Established, tracker);
}

/// What the first segment alone tells of its sender.
TcpTracker acquainted(const Segment& segment) {
    TcpTracker tracker;
    TcpEnd& sender = tracker.ends[index(Direction::Original)];
    sender.end = sender.max_end = end_of(segment);
    sender.max_window = std::max<uint32_t>(segment.window, 1);
    if (segment.tcp_flags & kSyn) {
        read_offer(segment, sender);
        return tracker;
    }
    // Its scale is not known, and so no window is.
    sender.max_end += sender.max_window;
    for (TcpEnd& end : tracker.ends)
        end.flags = kOffersSack | kLiberal;
    return tracker;
}

}  // namespace

Verdict open_tcp(const Tuning& tuning, const Segment& segment, TcpTracker& tracker) {
    if (!are_legal_flags(segment.tcp_flags))
        return refused(Drop::InvalidFlags);
    const SegmentClass kind = classify(segment.tcp_flags);
    const Transition transition = next(Direction::Original, kind, TcpState::None);
    const bool picked_up = kind == SegmentClass::Ack;
    if (transition.step != Step::Move || (picked_up && !tuning.tcp_loose))
        return refused(reason_against(kind));
    const FlowState none;
    tracker = acquainted(segment);
    return enter({tuning, none, Direction::Original, kind, segment}, transition.state, tracker);
}

Question question_to(const TcpTracker& tracker, Direction sender) {
    const TcpEnd& asker = tracker.ends[index(opposite(sender))];
    const uint32_t room = tracker.ends[index(sender)].max_end - asker.max_ack;
    return {asker.end, asker.max_ack,
            static_cast<uint16_t>(std::min<uint32_t>(room >> asker.scale, UINT16_MAX))};
}

Verdict track_tcp(const Tuning& tuning, const FlowState& flow, Direction direction,
                  const Segment& segment, TrackerMemory memory) {
    TcpTracker& tracker = *std::launder(reinterpret_cast<TcpTracker*>(memory.data()));
    if (!are_legal_flags(segment.tcp_flags))
        return refused(flow, Drop::InvalidFlags);
    const Arrival arrival{tuning, flow, direction, classify(segment.tcp_flags), segment};
    if (flow.state == TcpState::Established && arrival.kind == SegmentClass::Ack) [[likely]]
        return stay_established(arrival, tracker);
    const Transition transition = next(direction, arrival.kind, flow.state.tcp());
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
