// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// TCP connection states as a NAT sees them, and how one segment moves between them.
///
/// Shape    A pure function over three small enums. No flow, no clock, no packet.
/// Source   The states of enum tcp_conntrack and the table tcp_conntracks of Linux 6.x; RFC 9293
///          §3.5 and §3.6.

#include "base/enum.h"
#include "net/tuple.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::conntrack {

enum class TcpState : uint8_t {
    None,         ///< No segment seen.
    SynSent,      ///< SYN seen in the original direction.
    SynRecv,      ///< SYN/ACK seen.
    Established,  ///< Handshake done.
    FinWait,      ///< First FIN seen.
    CloseWait,    ///< First FIN acknowledged.
    LastAck,      ///< Second FIN seen.
    TimeWait,     ///< Second FIN acknowledged.
    Close,        ///< RST seen.
    SynSent2,     ///< SYN seen in both directions: simultaneous open.
};

inline constexpr size_t kTcpStateCount = index(TcpState::SynSent2) + 1;

/// As `conntrack -L` prints it: "SYN_SENT".
std::string_view tcp_state_name(TcpState state);

/// Bits of the header's flags byte: RFC 9293 §3.1.
enum TcpFlag : uint8_t {
    kFin = 0x01,
    kSyn = 0x02,
    kRst = 0x04,
    kPsh = 0x08,
    kAck = 0x10,
    kUrg = 0x20,
    kEce = 0x40,
    kCwr = 0x80,
};

/// What a segment means for the state, from its flags: RST wins over SYN, SYN over FIN over ACK.
enum class SegmentClass : uint8_t { Syn, SynAck, Fin, Ack, Rst, None };

inline constexpr size_t kSegmentClassCount = index(SegmentClass::None) + 1;

constexpr SegmentClass classify(uint8_t tcp_flags) {
    if (tcp_flags & kRst)
        return SegmentClass::Rst;
    if (tcp_flags & kSyn)
        return tcp_flags & kAck ? SegmentClass::SynAck : SegmentClass::Syn;
    if (tcp_flags & kFin)
        return SegmentClass::Fin;
    return tcp_flags & kAck ? SegmentClass::Ack : SegmentClass::None;
}

/// The sets of flags that a sound TCP sends. A FIN without ACK is in none: once a connection
/// stands, ACK is always sent (RFC 9293 §3.1).
inline constexpr unsigned kLegalSets[] = {
    kSyn,        kSyn | kUrg,         // open
    kSyn | kAck,                      // its answer
    kAck,        kAck | kUrg,         // data
    kFin | kAck, kFin | kAck | kUrg,  // close
    kRst,        kRst | kAck,         // reset
};

/// Bit i is set when i is a legal set.
consteval uint64_t legal_sets() {
    uint64_t result = 0;
    for (const unsigned flags : kLegalSets)
        result |= uint64_t{1} << flags;
    return result;
}

inline constexpr unsigned kWithoutMeaning = kPsh | kEce | kCwr;

constexpr bool are_legal_flags(uint8_t tcp_flags) {
    constexpr uint64_t kLegal = legal_sets();
    return kLegal >> (tcp_flags & ~kWithoutMeaning & 0xff) & 1;
}

/// What a transition does.
enum class Step : uint8_t {
    Refuse,  ///< The segment is INVALID.
    Move,    ///< To `state`, which may be the same.
    Ignore,  ///< The segment passes, the state stays: the ends may know more than we do.
};

struct Transition {
    Step step = Step::Refuse;
    TcpState state = TcpState::None;
};

/// What `segment`, travelling in `direction` over a connection in `state`, does. State None is that
/// of a connection not yet known: its column says which segments may open one.
Transition next(net::Direction direction, SegmentClass segment, TcpState state);

}  // namespace sluice::conntrack
