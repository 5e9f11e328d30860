// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP windows: whether a segment lies where its receiver can use it, learned from both ends.
///
/// Shape    Two ends. Each is known by what it has sent and what the other has offered it.
/// Units    Sequence numbers in host order; they run round (base/serial.h). Windows in bytes.
/// Cost     Inline, for nearly every packet goes through fit().
/// Errors   A refusal leaves the ends as they were, but for what it says itself of its sender.
/// Source   "Real Stateful TCP Packet Filtering in IP Filter" (van Rooij), as Linux 6.x applies
///          it, tcp_in_window(); RFC 7323 §2 (window scale), RFC 2018 (SACK).

#include "base/serial.h"
#include "conntrack/tcp_state.h"
#include "conntrack/tracker.h"
#include "net/tuple.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace sluice::conntrack {

/// What an end has shown.
enum EndFlag : uint8_t {
    kOffersScale = 1,       ///< Its SYN offered window scaling.
    kOffersSack = 2,        ///< Its SYN permitted SACK.
    kClosedFirst = 4,       ///< It sent the first FIN.
    kLiberal = 8,           ///< Its windows are not known: the flow was picked up mid-stream.
    kUnacknowledged = 16,   ///< It sent data that the other end has not acknowledged yet.
    kHasAcknowledged = 32,  ///< max_ack says what.
    kTakenOver = 64,        ///< Another gateway has seen some of it: what is known may lag behind.
};

/// One end as a sender. Packed, since a record has no byte to spare: all of it is in one line,
/// where a number that is not aligned costs nothing.
struct [[gnu::packed, gnu::aligned(2)]] TcpEnd {
    uint32_t end = 0;         ///< Behind the last byte that it has sent.
    uint32_t max_end = 0;     ///< Behind the last byte that the other end has room for.
    uint32_t max_window = 0;  ///< The largest window that it has offered; 0: it has not spoken.
    uint32_t max_ack = 0;     ///< The last byte's successor that it has acknowledged.
    uint8_t scale = 0;        ///< Of the windows that it offers.
    uint8_t flags = 0;        ///< EndFlag bits.

    bool has(EndFlag flag) const {
        return (flags & flag) != 0;
    }
};
static_assert(sizeof(TcpEnd) == 18);

/// By value: a reference to a number of an end, as std::max() takes, need not be aligned.
constexpr uint32_t larger(uint32_t one, uint32_t other) {
    return one < other ? other : one;
}

/// By the direction in which an end sends.
using TcpEnds = std::array<TcpEnd, 2>;

/// How a segment fits into the window.
enum class Fit : uint8_t {
    Inside,     ///< It does; the ends have learned from it.
    Tolerated,  ///< It does not, or it is too early to tell: it passes for one that does.
    Stale,      ///< It repeats what is long known: it passes, and means nothing.
    Ahead,      ///< A little beyond the window, as a sender is that knows more: likewise.
    Above,      ///< Refused: beyond the window.
    Unsent,     ///< Refused: acknowledges what was never sent.
};

/// Behind the segment's last byte; SYN and FIN count as one each.
constexpr uint32_t end_of(const Segment& segment) {
    const bool syn = (segment.tcp_flags & kSyn) != 0;
    const bool fin = (segment.tcp_flags & kFin) != 0;
    return segment.seq + segment.payload + syn + fin;
}

/// What the SYN `segment` says of its sender's windows.
void read_offer(const Segment& segment, TcpEnd& sender);

/// Whether a segment with this number may be on its way from `sender`, or have been: the other end
/// has not acknowledged it yet, as far as both have shown. RFC 5927 §4.1 asks that of what an ICMP
/// error quotes. True of an end whose numbers are not followed.
bool may_be_in_flight(const TcpEnds& ends, net::Direction sender, uint32_t seq);

/// Where a segment travels.
struct Course {
    net::Direction direction;
    TcpState state;  ///< Before the segment.
    bool liberal;    ///< --tcp-be-liberal.
};

/// What a segment says, in the terms of the four conditions.
struct Extent {
    uint32_t begin;
    uint32_t end;
    uint32_t ack;
    uint32_t sack;  ///< The highest byte that it acknowledges, selectively or not.
};

/// An acknowledgment may be older than the last by a window, or by this where that is less: ACKs
/// overtake one another.
inline constexpr uint32_t kLeastAckRange = 66000;

constexpr bool has(const Segment& segment, TcpFlag flag) {
    return (segment.tcp_flags & flag) != 0;
}

inline Extent extent_of(const Segment& segment, const TcpEnd& receiver) {
    const uint32_t sack = receiver.has(kOffersSack) ? segment.options.sack_edge : segment.ack;
    return {segment.seq, end_of(segment), segment.ack, sack};
}

/// What nearly all segments are: they say all that the conditions ask for, of an end that is known.
inline bool is_ordinary(const Segment& segment, const TcpEnd& sender) {
    return (segment.tcp_flags & (kSyn | kRst | kAck)) == kAck && sender.max_window != 0;
}

/// Prepares the ends for the conditions where the segment is not ordinary, and says what it claims
/// after that; nothing when there is nothing yet to compare it with.
std::optional<Extent> introduce(const Course& course, const Segment& segment, TcpEnds& ends,
                                Extent extent);

/// The four conditions: data neither beyond the window nor long known, the same of the ACK.
inline Fit compare(const Extent& extent, TcpEnd& sender, const TcpEnd& receiver) {
    const uint32_t ack_range = larger(sender.max_window, kLeastAckRange);
    const bool data_is_recent =
        receiver.max_window == 0 || is_after(extent.end, sender.end - receiver.max_window - 1);
    const bool ack_is_known = is_before(extent.sack, receiver.end + 1);
    const bool ack_is_recent = is_after(extent.sack, receiver.end - ack_range - 1);

    if (is_after(extent.begin, sender.max_end)) {
        const uint32_t excess = extent.end - sender.max_end;
        if (excess >= receiver.max_window || !data_is_recent || !ack_is_known || !ack_is_recent)
            return Fit::Above;
        sender.end = extent.end;
        sender.flags |= kUnacknowledged;
        return Fit::Ahead;
    }
    if (!ack_is_known)
        return Fit::Unsent;
    return data_is_recent && ack_is_recent ? Fit::Inside : Fit::Stale;
}

inline void learn(const Segment& segment, const Extent& extent, TcpEnd& sender, TcpEnd& receiver) {
    // RFC 7323 §2.2: the window of a SYN is never scaled.
    const uint32_t window =
        has(segment, kSyn) ? segment.window : uint32_t{segment.window} << sender.scale;
    sender.max_window = larger(sender.max_window, window + (extent.sack - extent.ack));
    if (is_after(extent.end, sender.end)) {
        sender.end = extent.end;
        sender.flags |= kUnacknowledged;
    }
    if (has(segment, kAck) &&
        (!sender.has(kHasAcknowledged) || is_after(extent.ack, sender.max_ack))) {
        sender.max_ack = extent.ack;
        sender.flags |= kHasAcknowledged;
    }
    if (receiver.max_window != 0 && is_after(extent.end, sender.max_end))
        receiver.max_window += extent.end - sender.max_end;
    if (is_after(extent.sack + window, receiver.max_end - 1))
        receiver.max_end = extent.sack + std::max(window, uint32_t{1});  // a probe of a closed one
    if (extent.ack == receiver.end)
        receiver.flags &= static_cast<uint8_t>(~kUnacknowledged);
}

/// The same where conditions fail of an end of which another gateway has seen more: Inside, where
/// its numbers are no further off than the largest window that either can offer; else `result`.
Fit catch_up(const Segment& segment, const Extent& extent, TcpEnds& ends, net::Direction direction,
             Fit result);

/// Fits the segment into the window of its receiver, and learns from it what it tells.
inline Fit fit(const Course& course, const Segment& segment, TcpEnds& ends) {
    TcpEnd& sender = ends[index(course.direction)];
    TcpEnd& receiver = ends[index(opposite(course.direction))];
    Extent extent = extent_of(segment, receiver);
    if (!is_ordinary(segment, sender)) [[unlikely]] {
        const auto completed = introduce(course, segment, ends, extent);
        if (!completed)
            return Fit::Tolerated;
        extent = *completed;
    }

    const Fit result = compare(extent, sender, receiver);
    if (result == Fit::Inside) [[likely]]
        learn(segment, extent, sender, receiver);
    else if (course.liberal || sender.has(kLiberal))
        return Fit::Tolerated;
    else if (sender.has(kTakenOver))
        return catch_up(segment, extent, ends, course.direction, result);
    return result;
}

}  // namespace sluice::conntrack
