// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP windows: whether a segment lies where its receiver can use it, learned from both ends.
///
/// Shape    Two ends. Each is known by what it has sent and what the other has offered it.
/// Units    Sequence numbers in host order; they run round (base/serial.h). Windows in bytes.
/// Errors   A refusal leaves the ends as they were, but for what it says itself of its sender.
/// Source   "Real Stateful TCP Packet Filtering in IP Filter" (van Rooij), as Linux 6.x applies
///          it, tcp_in_window(); RFC 7323 §2 (window scale), RFC 2018 (SACK).

#include "conntrack/tcp_state.h"
#include "conntrack/tracker.h"
#include "net/tuple.h"

#include <array>
#include <cstdint>

namespace sluice::conntrack {

/// What an end has shown.
enum EndFlag : uint8_t {
    kOffersScale = 1,       ///< Its SYN offered window scaling.
    kOffersSack = 2,        ///< Its SYN permitted SACK.
    kClosedFirst = 4,       ///< It sent the first FIN.
    kLiberal = 8,           ///< Its windows are not known: the flow was picked up mid-stream.
    kUnacknowledged = 16,   ///< It sent data that the other end has not acknowledged yet.
    kHasAcknowledged = 32,  ///< max_ack says what.
};

/// One end as a sender.
struct TcpEnd {
    uint32_t end = 0;         ///< Behind the last byte that it has sent.
    uint32_t max_end = 0;     ///< Behind the last byte that the other end has room for.
    uint32_t max_window = 0;  ///< The largest window that it has offered; 0: it has not spoken.
    uint32_t max_ack = 0;     ///< The last byte's successor that it has acknowledged.
    uint8_t scale = 0;        ///< Of the windows that it offers.
    uint8_t flags = 0;        ///< EndFlag bits.

    bool has(EndFlag flag) const { return (flags & flag) != 0; }
};

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

/// Where a segment travels.
struct Course {
    net::Direction direction;
    TcpState state;  ///< Before the segment.
    bool liberal;    ///< --tcp-be-liberal.
};

/// Fits the segment into the window of its receiver, and learns from it what it tells.
Fit fit(const Course& course, const Segment& segment, TcpEnds& ends);

}  // namespace sluice::conntrack
