// SPDX-License-Identifier: BSD-3-Clause
#include "conntrack/sctp_state.h"

#include "conntrack/enumerators.h"

#include <array>

namespace sluice::conntrack {
namespace {

using sctp::Chunk;
using enum SctpState;
using enum sctp::Chunk;

constexpr size_t kDirectionCount = 2;

constexpr uint16_t kOriginal = set(net::Direction::Original);
constexpr uint16_t kReply = set(net::Direction::Reply);
constexpr uint16_t kBoth = kOriginal | kReply;
constexpr uint16_t kClosing = set(ShutdownSent, ShutdownRecd);
constexpr uint16_t kOpen = set(CookieWait, CookieEchoed, Established, ShutdownAckSent) | kClosing;

/// "A `chunk` in one of `directions`, on an association in one of `from`, leads to `to`."
struct Rule {
    uint16_t directions;
    Chunk chunk;
    uint16_t from;
    SctpState to;
};

// What no rule names leaves the state as it is.
// clang-format off
constexpr Rule kRules[] = {
    // Set up: RFC 9260 §5.1. An INIT that nobody has answered is worth no more than a dead end.
    {kOriginal, Init,             set(None),            Closed},
    {kReply,    InitAck,          set(Closed),          CookieWait},
    {kBoth,     CookieEcho,       set(CookieWait),      CookieEchoed},  // either, when both call
    {kBoth,     CookieAck,        set(CookieEchoed),    Established},
    {kReply,    Error,            set(CookieEchoed),    Closed},        // a stale cookie: §5.2.6

    // Shutdown: §9.2.
    {kOriginal, Shutdown,         set(Established),     ShutdownSent},
    {kReply,    Shutdown,         set(Established),     ShutdownRecd},
    {kBoth,     ShutdownAck,      kClosing,             ShutdownAckSent},
    {kBoth,     ShutdownComplete, set(ShutdownAckSent), Closed},
    {kOriginal, Init,             kClosing,             Closed},        // it begins anew

    // Abort: §9.1.
    {kBoth,     Abort,            kOpen,                Closed},
};
// clang-format on

using Table =
    std::array<std::array<EnumArray<SctpState, SctpState, kSctpStateCount>, sctp::kChunkCount>,
               kDirectionCount>;

struct Expansion {
    Table table{};
    bool disjoint = true;
};

/// Expands the rules, so that a chunk costs one load.
consteval Expansion expand() {
    Expansion result;
    for (auto& chunks : result.table)
        for (auto& states : chunks)
            for (size_t state = 0; state < kSctpStateCount; ++state)
                states.values[state] = static_cast<SctpState>(state);

    for (const Rule& rule : kRules)
        for (size_t direction = 0; direction < kDirectionCount; ++direction)
            for (size_t from = 0; from < kSctpStateCount; ++from) {
                if (!(rule.directions >> direction & 1) || !(rule.from >> from & 1))
                    continue;
                SctpState& cell = result.table[direction][index(rule.chunk)].values[from];
                result.disjoint &= cell == static_cast<SctpState>(from);
                cell = rule.to;
            }
    return result;
}

constexpr Expansion kExpansion = expand();
static_assert(kExpansion.disjoint, "two rules claim the same transition");

constexpr EnumArray<SctpState, std::string_view, kSctpStateCount> kNames{{
    "NONE",
    "CLOSED",
    "COOKIE_WAIT",
    "COOKIE_ECHOED",
    "ESTABLISHED",
    "SHUTDOWN_SENT",
    "SHUTDOWN_RECD",
    "SHUTDOWN_ACK_SENT",
}};

}  // namespace

std::string_view sctp_state_name(SctpState state) {
    return kNames[state];
}

SctpState next(net::Direction direction, sctp::Chunk chunk, SctpState state) {
    return kExpansion.table[index(direction)][index(chunk)][state];
}

}  // namespace sluice::conntrack
