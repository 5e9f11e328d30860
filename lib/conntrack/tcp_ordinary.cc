// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_ordinary.h"

#include "base/enum.h"
#include "base/serial.h"
#include "conntrack/tcp_window.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace sluice::conntrack {

namespace {

/// Behind the numbers of the last ACK, the rest of what a tracker remembers of it, in a word of its
/// own.
struct Rest {
    uint16_t window;
    uint16_t length;
    SegmentClass segment;
    net::Direction direction;
    uint8_t repeats;
    uint8_t other;  ///< Not of that ACK.

    uint64_t word() const { return std::bit_cast<uint64_t>(*this); }
};
constexpr size_t kNumbersAt = offsetof(TcpTracker, last_ack);
constexpr size_t kRestAt = kNumbersAt + 8;
static_assert(offsetof(TcpTracker, last_seq) == kNumbersAt + 4 &&
              offsetof(TcpTracker, last_window) == kRestAt &&
              offsetof(TcpTracker, last_length) == kRestAt + offsetof(Rest, length) &&
              offsetof(TcpTracker, last_segment) == kRestAt + offsetof(Rest, segment) &&
              offsetof(TcpTracker, last_direction) == kRestAt + offsetof(Rest, direction) &&
              offsetof(TcpTracker, repeats) == kRestAt + offsetof(Rest, repeats) &&
              sizeof(TcpTracker) == kRestAt + sizeof(Rest));

/// Two of them, as they stand in memory.
constexpr uint64_t pair(uint32_t first, uint32_t second) {
    return std::endian::native == std::endian::little ? first | uint64_t{second} << 32
                                                      : uint64_t{first} << 32 | second;
}

/// Has it in a register of its own. Else g++ 12 finds out anew where an end is for some of its
/// fields, and puts two words together in memory to have them in a vector.
template <typename Word>
Word kept(Word word) {
    asm("" : "+r"(word));
    return word;
}

}  // namespace

// Among the rest of a packet's way there are not enough registers for it: inlined there it takes
// twice as many instructions.
[[gnu::noinline]] Duration track_ordinary(const Tuning& tuning, net::Direction direction,
                                          OrdinarySegment segment, TcpTracker& tracker) {
    TcpEnd& sender = *kept(&tracker.ends[index(direction)]);
    TcpEnd& receiver = *kept(&tracker.ends[index(direction) ^ 1]);
    const uint32_t seq = kept(segment.seq);
    const uint32_t ack = kept(segment.ack);
    const uint32_t end = seq + segment.payload;

    // Each is negative, as a serial number, where its condition fails.
    const uint32_t room = sender.max_end - seq;
    const uint32_t data_is_recent = end - sender.end + receiver.max_window;
    const uint32_t ack_is_known = receiver.end - ack;
    const uint32_t ack_is_recent = ack - receiver.end + larger(sender.max_window, kLeastAckRange);
    // Likewise, where it is not known, or closes.
    const uint32_t windows =
        (segment.window - 1U) | (sender.max_window - 1) | (receiver.max_window - 1);
    const bool fits =
        static_cast<int32_t>(room | data_is_recent | ack_is_known | ack_is_recent | windows) >= 0;

    const Rest rest{segment.window, segment.payload, SegmentClass::Ack, direction, 0, 0};
    const std::array<uint64_t, 2> now{kept(pair(ack, seq)), rest.word()};
    auto* const last = reinterpret_cast<std::byte*>(&tracker) + kNumbersAt;
    std::array<uint64_t, 2> before;
    std::memcpy(before.data(), last, sizeof before);
    // What kind of segment the last one was does not matter.
    const uint64_t compared =
        Rest{0xffff, 0xffff, SegmentClass{}, net::Direction{0xff}, 0, 0}.word();
    const bool is_repeated = ((before[0] ^ now[0]) | ((before[1] ^ now[1]) & compared)) == 0;
    const auto repeats = static_cast<uint8_t>(is_repeated ? tracker.repeats + 1 : 0);

    const uint8_t sender_flags = sender.flags;
    const uint8_t receiver_flags = receiver.flags;
    if (!fits || repeats >= tuning.tcp_max_retrans || (sender_flags & kHasAcknowledged) == 0)
        return kLeft;

    const uint32_t window = uint32_t{segment.window} << sender.scale;
    const uint32_t offered = ack + window;
    const bool is_new = is_after(end, sender.end);
    receiver.max_window += is_after(end, sender.max_end) ? end - sender.max_end : 0;
    receiver.max_end = is_after(offered, receiver.max_end - 1) ? offered : receiver.max_end;
    sender.max_window = larger(sender.max_window, window);
    sender.max_ack = is_after(ack, sender.max_ack) ? ack : sender.max_ack;
    sender.end = is_new ? end : sender.end;
    const bool is_answer = ack == receiver.end;
    sender.flags = static_cast<uint8_t>(sender_flags | (is_new ? kUnacknowledged : 0));
    receiver.flags = static_cast<uint8_t>(receiver_flags & (is_answer ? ~kUnacknowledged : ~0));

    const uint64_t others = before[1] & Rest{0, 0, SegmentClass{}, {}, 0, 0xff}.word();
    const std::array<uint64_t, 2> next{now[0], now[1] | others};
    std::memcpy(last, next.data(), sizeof next);
    tracker.repeats = repeats;

    const Duration longest = tuning.tcp[TcpState::Established];
    const bool is_waiting =
        is_new || ((sender_flags | (is_answer ? 0 : receiver_flags)) & kUnacknowledged) != 0;
    return is_waiting ? std::min(longest, tuning.tcp_unacknowledged) : longest;
}

}  // namespace sluice::conntrack
