// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_window.h"

#include "base/serial.h"

#include <algorithm>
#include <optional>

namespace sluice::conntrack {
namespace {

using net::Direction;

/// An acknowledgment may be older than the last by a window, or by this where that is less: ACKs
/// overtake one another.
constexpr uint32_t kLeastAckRange = 66000;

/// What a segment says, in the terms of the four conditions.
struct Claim {
    uint32_t begin;
    uint32_t end;
    uint32_t ack;
    uint32_t sack;  ///< The highest byte that it acknowledges, selectively or not.
};

bool has(const Segment& segment, TcpFlag flag) {
    return (segment.tcp_flags & flag) != 0;
}

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

/// The end's first segment is none that opens: its SYN went unseen.
void join(const Segment& segment, const Claim& claim, TcpEnd& sender, TcpEnd& receiver) {
    sender.end = claim.end;
    sender.max_window = std::max(uint32_t{segment.window} << sender.scale, uint32_t{1});
    sender.max_end = claim.end + sender.max_window;
    if (receiver.max_window == 0)
        receiver.end = receiver.max_end = claim.sack;
    else if (claim.sack == receiver.end + 1)
        ++receiver.end;  // it answers a keepalive
}

/// A SYN that the handshake still has room for, ahead of what its sender sent before.
bool restarts(const Course& course, const Segment& segment, const TcpEnd& sender) {
    return has(segment, kSyn) && is_after(end_of(segment), sender.end) &&
           (course.state == TcpState::SynSent || course.state == TcpState::SynRecv);
}

Claim claim_of(const Segment& segment, const TcpEnd& receiver) {
    const uint32_t sack = receiver.has(kOffersSack) ? segment.options.sack_edge : segment.ack;
    return {segment.seq, end_of(segment), segment.ack, sack};
}

/// Fills in what a segment without acknowledgment leaves open.
void complete(const Course& course, const Segment& segment, const TcpEnds& ends, Claim& claim) {
    const TcpEnd& sender = ends[index(course.direction)];
    const TcpEnd& receiver = ends[index(opposite(course.direction))];
    // Some stacks set ACK in each RST, also where they have nothing to acknowledge.
    if (!has(segment, kAck) || (has(segment, kRst) && segment.ack == 0))
        claim.ack = claim.sack = receiver.end;
    // A RST without ACK that answers a SYN has no number to stand at.
    if (has(segment, kRst) && segment.seq == 0 && course.state == TcpState::SynSent)
        claim.begin = claim.end = sender.end;
}

/// What nearly all segments are: they say all that the conditions ask for, of an end that is known.
bool is_ordinary(const Segment& segment, const TcpEnd& sender) {
    return (segment.tcp_flags & (kSyn | kRst | kAck)) == kAck && sender.max_window != 0;
}

/// Prepares the ends for the conditions where the segment is not ordinary, and says what it claims
/// after that; nothing when there is nothing yet to compare it with.
[[gnu::noinline]] std::optional<Claim> introduce(const Course& course, const Segment& segment,
                                                 TcpEnds& ends, Claim claim) {
    TcpEnd& sender = ends[index(course.direction)];
    TcpEnd& receiver = ends[index(opposite(course.direction))];
    const bool is_first = sender.max_window == 0;
    if (is_first && !has(segment, kSyn)) {
        join(segment, claim, sender, receiver);
    } else if (is_first || restarts(course, segment, sender)) {
        start(course, segment, sender, receiver);
        // Without an ACK it opens from its own side.
        if (!has(segment, kAck) && (is_first || course.direction == Direction::Reply))
            return std::nullopt;
    }
    complete(course, segment, ends, claim);
    return claim;
}

/// The four conditions: data neither beyond the window nor long known, the same of the ACK.
Fit compare(const Claim& claim, TcpEnd& sender, const TcpEnd& receiver) {
    const uint32_t ack_range = std::max(sender.max_window, kLeastAckRange);
    const bool data_is_recent =
        receiver.max_window == 0 || is_after(claim.end, sender.end - receiver.max_window - 1);
    const bool ack_is_known = is_before(claim.sack, receiver.end + 1);
    const bool ack_is_recent = is_after(claim.sack, receiver.end - ack_range - 1);

    if (is_after(claim.begin, sender.max_end)) {
        const uint32_t excess = claim.end - sender.max_end;
        if (excess >= receiver.max_window || !data_is_recent || !ack_is_known || !ack_is_recent)
            return Fit::Above;
        sender.end = claim.end;
        sender.flags |= kUnacknowledged;
        return Fit::Ahead;
    }
    if (!ack_is_known)
        return Fit::Unsent;
    return data_is_recent && ack_is_recent ? Fit::Inside : Fit::Stale;
}

void learn(const Segment& segment, const Claim& claim, TcpEnd& sender, TcpEnd& receiver) {
    // RFC 7323 §2.2: the window of a SYN is never scaled.
    const uint32_t window =
        has(segment, kSyn) ? segment.window : uint32_t{segment.window} << sender.scale;
    sender.max_window = std::max(sender.max_window, window + (claim.sack - claim.ack));
    if (is_after(claim.end, sender.end)) {
        sender.end = claim.end;
        sender.flags |= kUnacknowledged;
    }
    if (has(segment, kAck) &&
        (!sender.has(kHasAcknowledged) || is_after(claim.ack, sender.max_ack))) {
        sender.max_ack = claim.ack;
        sender.flags |= kHasAcknowledged;
    }
    if (receiver.max_window != 0 && is_after(claim.end, sender.max_end))
        receiver.max_window += claim.end - sender.max_end;
    if (is_after(claim.sack + window, receiver.max_end - 1))
        receiver.max_end = claim.sack + std::max(window, uint32_t{1});  // a probe of a closed one
    if (claim.ack == receiver.end)
        receiver.flags &= static_cast<uint8_t>(~kUnacknowledged);
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

Fit fit(const Course& course, const Segment& segment, TcpEnds& ends) {
    TcpEnd& sender = ends[index(course.direction)];
    TcpEnd& receiver = ends[index(opposite(course.direction))];
    Claim claim = claim_of(segment, receiver);
    if (!is_ordinary(segment, sender)) [[unlikely]] {
        const auto completed = introduce(course, segment, ends, claim);
        if (!completed)
            return Fit::Tolerated;
        claim = *completed;
    }

    const Fit result = compare(claim, sender, receiver);
    if (result == Fit::Inside) [[likely]]
        learn(segment, claim, sender, receiver);
    else if (course.liberal || sender.has(kLiberal))
        return Fit::Tolerated;
    return result;
}

}  // namespace sluice::conntrack
