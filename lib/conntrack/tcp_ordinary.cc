// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_ordinary.h"

#include "base/enum.h"
#include "base/serial.h"
#include "conntrack/tcp_window.h"

#include <algorithm>

namespace sluice::conntrack {

namespace {

/// Where it is, in a register: else g++ 12 finds it out anew for some of its fields.
TcpEnd& kept(TcpEnd& end) {
    TcpEnd* where = &end;
    asm("" : "+r"(where));
    return *where;
}

}  // namespace

// Among the rest of a packet's way there are not enough registers for it: inlined there it takes
// twice as many instructions.
[[gnu::noinline]] Duration track_ordinary(const Tuning& tuning, net::Direction direction,
                                          const OrdinarySegment& segment, TcpTracker& tracker) {
    TcpEnd& sender = kept(tracker.ends[index(direction)]);
    TcpEnd& receiver = kept(tracker.ends[index(opposite(direction))]);
    const uint32_t end = segment.seq + segment.payload;

    // Each is negative, as a serial number, where its condition fails.
    const uint32_t room = sender.max_end - segment.seq;
    const uint32_t data_is_recent = end - sender.end + receiver.max_window;
    const uint32_t ack_is_known = receiver.end - segment.ack;
    const uint32_t ack_is_recent =
        segment.ack - receiver.end + std::max(sender.max_window, kLeastAckRange);
    // Likewise, where it is not known, or closes.
    const uint32_t windows =
        (segment.window - 1U) | (sender.max_window - 1) | (receiver.max_window - 1);
    const bool fits =
        static_cast<int32_t>(room | data_is_recent | ack_is_known | ack_is_recent | windows) >= 0;

    // Differences of numbers that are equal in a segment that is sent again.
    const uint32_t change = (tracker.last_seq ^ segment.seq) | (tracker.last_ack ^ segment.ack) |
                            uint32_t(tracker.last_length ^ segment.payload) |
                            uint32_t(tracker.last_window ^ segment.window) |
                            uint32_t{tracker.last_direction != direction};
    const auto repeats = static_cast<uint8_t>(change == 0 ? tracker.repeats + 1 : 0);

    const uint8_t sender_flags = sender.flags;
    const uint8_t receiver_flags = receiver.flags;
    if (!fits || repeats >= tuning.tcp_max_retrans || (sender_flags & kHasAcknowledged) == 0)
        return kLeft;

    const uint32_t window = uint32_t{segment.window} << sender.scale;
    const uint32_t offered = segment.ack + window;
    const bool is_new = is_after(end, sender.end);
    receiver.max_window += is_after(end, sender.max_end) ? end - sender.max_end : 0;
    receiver.max_end = is_after(offered, receiver.max_end - 1) ? offered : receiver.max_end;
    sender.max_window = std::max(sender.max_window, window);
    sender.max_ack = is_after(segment.ack, sender.max_ack) ? segment.ack : sender.max_ack;
    sender.end = is_new ? end : sender.end;
    const bool is_answer = segment.ack == receiver.end;
    sender.flags = static_cast<uint8_t>(sender_flags | (is_new ? kUnacknowledged : 0));
    receiver.flags = static_cast<uint8_t>(receiver_flags & (is_answer ? ~kUnacknowledged : ~0));

    tracker.last_segment = SegmentClass::Ack;
    tracker.last_direction = direction;
    tracker.last_seq = segment.seq;
    tracker.last_ack = segment.ack;
    tracker.last_length = segment.payload;
    tracker.last_window = segment.window;
    tracker.repeats = repeats;

    const Duration longest = tuning.tcp[TcpState::Established];
    const bool is_waiting =
        is_new || ((sender_flags | (is_answer ? 0 : receiver_flags)) & kUnacknowledged) != 0;
    return is_waiting ? std::min(longest, tuning.tcp_unacknowledged) : longest;
}

}  // namespace sluice::conntrack
