// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_window.h"

#include <algorithm>
#include <optional>

namespace sluice::conntrack {
namespace {

using net::Direction;

/// The end that now sends a SYN: all that was known of it is void, but how strict to be.
void start(const Course& course, const Segment& segment, TcpEnd& sender, TcpEnd& receiver) {
    sender.end = sender.max_end = end_of(segment);
    sender.max_window = std::max<uint32_t>(segment.window, 1);
    read_offer(segment, sender);
    // RFC 7323 §2.2: scaling is in force only when both SYNs offer it.
    if (course.direction == Direction::Reply &&
        !(sender.has(kOffersScale) && receiver.has(kOffersScale)))
        sender.scale = receiver.scale = 0;
}

/// The largest window that the end can offer, and a byte: as far as the other may be ahead.
uint32_t reach_of(const TcpEnd& end) {
    return uint32_t{UINT16_MAX + 1} << end.scale;  // 2^30 at most
}

bool is_near(uint32_t number, uint32_t other, uint32_t reach) {
    return !is_after(number, other + reach) && !is_before(number, other - reach);
}

/// Of a connection that was taken over the first segment of the second end to speak is about what
/// the first has said: each acknowledges what the other sends, a window off at most. Or one of them
/// may be somebody else, who knows no numbers.
bool is_in_touch(const Segment& segment, const Extent& extent, const TcpEnd& sender,
                 const TcpEnd& receiver) {
    return sender.has(kTakenOver) && receiver.max_window != 0 && receiver.has(kHasAcknowledged) &&
           has(segment, kAck) && !has(segment, kRst) &&
           is_near(extent.sack, receiver.end, reach_of(sender)) &&
           is_near(extent.begin, receiver.max_ack, reach_of(receiver));
}

/// The end's first segment is none that opens: its SYN went unseen.
void join(const Segment& segment, const Extent& extent, TcpEnd& sender, TcpEnd& receiver) {
    sender.end = extent.end;
    sender.max_window = std::max(uint32_t{segment.window} << sender.scale, uint32_t{1});
    sender.max_end = extent.end + sender.max_window;
    if (receiver.max_window == 0)
        receiver.end = receiver.max_end = extent.sack;
    else if (extent.sack == receiver.end + 1)
        ++receiver.end;  // it answers a keepalive
}

/// A SYN that the handshake still has room for, ahead of what its sender sent before.
bool restarts(const Course& course, const Segment& segment, const TcpEnd& sender) {
    return has(segment, kSyn) && is_after(end_of(segment), sender.end) &&
           (course.state == TcpState::SynSent || course.state == TcpState::SynRecv);
}

/// Fills in what a segment without acknowledgment leaves open.
void complete(const Course& course, const Segment& segment, const TcpEnds& ends, Extent& extent) {
    const TcpEnd& sender = ends[index(course.direction)];
    const TcpEnd& receiver = ends[index(opposite(course.direction))];
    // Some stacks set ACK in each RST, also where they have nothing to acknowledge.
    if (!has(segment, kAck) || (has(segment, kRst) && segment.ack == 0))
        extent.ack = extent.sack = receiver.end;
    // A RST without ACK that answers a SYN has no number to stand at.
    if (has(segment, kRst) && segment.seq == 0 && course.state == TcpState::SynSent)
        extent.begin = extent.end = sender.end;
}

}  // namespace

void read_offer(const Segment& segment, TcpEnd& sender) {
    const TcpOptions& options = segment.options;
    if (!options.are_present)
        return;  // what an earlier SYN of the same end offered is not taken back
    sender.scale = std::min(options.window_scale, kMostWindowScale);
    sender.flags &= kLiberal;
    if (options.window_scale_offered)
        sender.flags |= kOffersScale;
    if (options.sack_permitted)
        sender.flags |= kOffersSack;
}

bool may_be_in_flight(const TcpEnds& ends, Direction sender, uint32_t seq) {
    constexpr uint32_t kMostFirst = 9216;  // bytes that go with a SYN, or before an ACK is seen
    const TcpEnd& from = ends[index(sender)];
    const TcpEnd& to = ends[index(opposite(sender))];
    if (from.has(kLiberal))
        return true;
    if (from.has(kTakenOver))
        return is_near(seq, from.end, reach_of(to));
    const uint32_t begin = to.has(kHasAcknowledged) ? to.max_ack : from.end - kMostFirst;
    return from.max_window != 0 && seq - begin <= from.end - begin;
}

std::optional<Extent> introduce(const Course& course, const Segment& segment, TcpEnds& ends,
                                Extent extent) {
    TcpEnd& sender = ends[index(course.direction)];
    TcpEnd& receiver = ends[index(opposite(course.direction))];
    const bool is_first = sender.max_window == 0;
    if (is_first && !has(segment, kSyn)) {
        const bool is_known = is_in_touch(segment, extent, sender, receiver);
        join(segment, extent, sender, receiver);
        if (is_known)
            for (TcpEnd& end : ends)
                end.flags &= static_cast<uint8_t>(~kLiberal);
    } else if (is_first || restarts(course, segment, sender)) {
        start(course, segment, sender, receiver);
        // Without an ACK it opens from its own side.
        if (!has(segment, kAck) && (is_first || course.direction == Direction::Reply))
            return std::nullopt;
    }
    complete(course, segment, ends, extent);
    return extent;
}

/// What one end acknowledges the other has sent, and what one sends the other has offered; so what
/// is known of both moves on to that.
Fit catch_up(const Segment& segment, const Extent& extent, TcpEnds& ends, Direction direction,
             Fit result) {
    TcpEnd& sender = ends[index(direction)];
    TcpEnd& receiver = ends[index(opposite(direction))];
    if (result == Fit::Stale || !is_near(extent.sack, receiver.end, reach_of(sender)) ||
        !is_near(extent.end, sender.end, reach_of(receiver)))
        return result;
    if (is_after(extent.sack, receiver.end))
        receiver.end = extent.sack;
    if (is_after(extent.end, sender.max_end))
        sender.max_end = extent.end;
    learn(segment, extent, sender, receiver);
    return Fit::Inside;
}

}  // namespace sluice::conntrack
