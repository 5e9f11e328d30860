// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Two ends of a TCP connection that number their segments as sound ones do.
///
/// Shape    Each segment stands behind what its end sent before, and acknowledges all that the
///          other end has sent. A SYN after more than a SYN begins a new connection.

#include "conntrack/tracker.h"

#include <array>
#include <cstdint>

namespace sluice::test {

struct TcpPeer {
    uint32_t first;             ///< Number of its SYN.
    uint32_t next = first + 1;  ///< Behind what it has sent.
};

class TcpPeers {
public:
    /// The next segment of the end that sends in `direction`.
    conntrack::Segment send(net::Direction direction, uint8_t tcp_flags, uint16_t payload = 0) {
        constexpr uint32_t kApart = 10'000'000;  // beyond every window
        TcpPeer& own = peers[index(direction)];
        const bool opens = (tcp_flags & conntrack::kSyn) != 0;
        if (opens && own.next != own.first + 1)
            own = {own.first + kApart};
        conntrack::Segment segment{net::Protocol::Tcp, tcp_flags, 0};
        segment.window = 8192;
        segment.payload = payload;
        segment.seq = opens ? own.first : own.next;
        if (tcp_flags & conntrack::kAck)
            segment.ack = peers[index(opposite(direction))].next;
        segment.options.sack_edge = segment.ack;
        if (!opens)
            own.next += payload + ((tcp_flags & conntrack::kFin) != 0);
        return segment;
    }

    std::array<TcpPeer, 2> peers{{{1'000'000}, {5'000'000}}};
};

}  // namespace sluice::test
