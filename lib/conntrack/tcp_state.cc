// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/tcp_state.h"

#include "conntrack/enumerators.h"

#include <array>

namespace sluice::conntrack {
namespace {

using enum TcpState;
using SegmentClass::Ack;
using SegmentClass::Fin;
using SegmentClass::Rst;
using SegmentClass::Syn;
using SegmentClass::SynAck;

constexpr size_t kDirectionCount = 2;

constexpr uint16_t kOriginal = set(net::Direction::Original);
constexpr uint16_t kReply = set(net::Direction::Reply);
constexpr uint16_t kBoth = kOriginal | kReply;

constexpr uint16_t kClosing = set(FinWait, CloseWait, LastAck);

constexpr Transition kIgnore{Step::Ignore, None};
constexpr Transition to(TcpState state) {
    return {Step::Move, state};
}

/// "A `segment` in one of `directions`, on a connection in one of `from`, does `what`."
struct Rule {
    uint16_t directions;
    SegmentClass segment;
    uint16_t from;
    Transition what;
};

// What no rule names is refused. Two rules may not claim the same transition.
// clang-format off
constexpr Rule kRules[] = {
    // Open: RFC 9293 §3.5, figure 6.
    {kOriginal, Syn,    set(None),                      to(SynSent)},
    {kOriginal, Syn,    set(SynSent),                   to(SynSent)},      // sent again
    {kReply,    SynAck, set(SynSent),                   to(SynRecv)},
    {kOriginal, Ack,    set(SynRecv),                   to(Established)},
    {kReply,    Ack,    set(SynRecv),                   to(SynRecv)},      // the last ACK will come

    // A connection older than its flow is picked up in the middle, where tcp_loose allows it.
    {kOriginal, Ack,    set(None),                      to(Established)},

    // Simultaneous open: RFC 9293 §3.5, figure 7.
    {kReply,    Syn,    set(SynSent),                   to(SynSent2)},
    {kBoth,     Syn,    set(SynSent2),                  to(SynSent2)},     // sent again
    {kBoth,     SynAck, set(SynSent2),                  to(SynRecv)},
    {kOriginal, SynAck, set(SynRecv),                   to(SynRecv)},      // the second of the two

    // Data.
    {kBoth,     Ack,    set(Established),               to(Established)},

    // Close, from either end: RFC 9293 §3.6. The first FIN may come before the handshake's ACK.
    {kBoth,     Fin,    set(SynRecv, Established),      to(FinWait)},
    {kBoth,     Ack,    set(FinWait, CloseWait),        to(CloseWait)},
    {kBoth,     Fin,    set(FinWait, CloseWait),        to(LastAck)},
    {kBoth,     Fin,    set(LastAck),                   to(LastAck)},      // sent again
    {kBoth,     Ack,    set(LastAck),                   to(TimeWait)},
    {kBoth,     Ack,    set(TimeWait),                  to(TimeWait)},     // answers a late FIN
    {kBoth,     Fin,    set(TimeWait),                  to(TimeWait)},     // the last ACK was lost

    // Reset: RFC 9293 §3.5.3. What was in flight behind it still passes, translated.
    {kBoth,     Rst,    set(SynSent, SynSent2, SynRecv, Established), to(Close)},
    {kBoth,     Rst,    kClosing | set(TimeWait, Close),              to(Close)},
    {kBoth,     Ack,    set(Close),                     to(Close)},
    {kBoth,     Fin,    set(Close),                     to(Close)},

    // A new connection on the tuple of a finished one: RFC 9293 §3.6.1 (MAY-2). After TIME_WAIT
    // either end may be the one that calls.
    {kOriginal, Syn,    set(TimeWait, Close),           to(SynSent)},
    {kReply,    Syn,    set(TimeWait),                  to(SynSent)},

    // Out of step: one end may have forgotten the connection, or we missed part of it. Their
    // answers show which: RFC 9293 §3.5.1 (half-open connections), RFC 5961 §4 (challenge ACK).
    {kOriginal, Syn,    kClosing | set(SynRecv, Established),                  kIgnore},
    {kReply,    SynAck, kClosing | set(SynRecv, Established, TimeWait, Close), kIgnore},
    {kReply,    Ack,    set(SynSent, SynSent2),                                kIgnore},
};
// clang-format on

/// By direction, segment and state.
using Table =
    std::array<std::array<EnumArray<TcpState, Transition, kTcpStateCount>, kSegmentClassCount>,
               kDirectionCount>;
static_assert(sizeof(Table) == 240, "the table should stay within four cache lines");

struct Expansion {
    Table table{};
    bool disjoint = true;
};

/// Expands the rules, so that a segment costs one load.
consteval Expansion expand() {
    Expansion result;
    for (const Rule& rule : kRules)
        for (size_t direction = 0; direction < kDirectionCount; ++direction)
            for (size_t from = 0; from < kTcpStateCount; ++from) {
                if (!(rule.directions >> direction & 1) || !(rule.from >> from & 1))
                    continue;
                Transition& cell = result.table[direction][index(rule.segment)].values[from];
                result.disjoint &= cell.step == Step::Refuse;
                cell = rule.what;
            }
    return result;
}

alignas(64) constexpr Expansion kExpansion = expand();
static_assert(kExpansion.disjoint, "two rules claim the same transition");

constexpr EnumArray<TcpState, std::string_view, kTcpStateCount> kNames{{
    "NONE",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT",
    "CLOSE_WAIT",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSE",
    "SYN_SENT2",
}};

}  // namespace

std::string_view tcp_state_name(TcpState state) {
    return kNames[state];
}

Transition next(net::Direction direction, SegmentClass segment, TcpState state) {
    return kExpansion.table[index(direction)][index(segment)][state];
}

}  // namespace sluice::conntrack
