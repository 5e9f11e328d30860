// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// A flow between two sound ends, as its tracker sees it segment by segment.

#include "conntrack/tcp_tracker.h"
#include "tcp_peers.h"

#include <array>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace sluice::test {

inline constexpr auto kOriginal = net::Direction::Original;
inline constexpr auto kReply = net::Direction::Reply;
inline constexpr uint8_t kSynAck = conntrack::kSyn | conntrack::kAck;
inline constexpr uint8_t kFinAck = conntrack::kFin | conntrack::kAck;

/// A flow and its tracker, as they stand after each segment.
struct Connection {
    explicit Connection(uint8_t tcp_flags, const conntrack::Tuning& with = {}) : tuning(with) {
        open(peers.send(kOriginal, tcp_flags));
    }
    explicit Connection(const conntrack::Segment& first, const conntrack::Tuning& with = {})
        : tuning(with) {
        open(first);
    }

    const conntrack::Verdict& original(uint8_t tcp_flags) { return meet(kOriginal, tcp_flags); }
    const conntrack::Verdict& reply(uint8_t tcp_flags) { return meet(kReply, tcp_flags); }

    const conntrack::Verdict& meet(net::Direction direction, uint8_t tcp_flags) {
        return meet(direction, peers.send(direction, tcp_flags));
    }
    const conntrack::Verdict& meet(net::Direction direction, const conntrack::Segment& segment) {
        return keep(track_tcp(tuning, flow, direction, segment, memory));
    }

    /// The next segment of an end, not yet sent; tests bend it to their will.
    conntrack::Segment next(net::Direction direction, uint8_t tcp_flags, uint16_t payload = 0) {
        TcpPeers copy = peers;
        return copy.send(direction, tcp_flags, payload);
    }

    const conntrack::TcpTracker& tracker() const {
        return *std::launder(reinterpret_cast<const conntrack::TcpTracker*>(memory.data()));
    }

    TcpPeers peers;
    conntrack::Tuning tuning;
    conntrack::FlowState flow;
    alignas(conntrack::TcpTracker) std::array<std::byte, conntrack::kTrackerBytes> memory;
    Duration timeout;  ///< Set last.
    conntrack::Verdict last;

private:
    void open(const conntrack::Segment& first) {
        keep(open_tcp(tuning, first, *new (memory.data()) conntrack::TcpTracker));
    }
    const conntrack::Verdict& keep(const conntrack::Verdict& verdict) {
        flow.state = verdict.state;
        flow.status = verdict.status;
        if (verdict.refresh)
            flow.remaining = timeout = verdict.timeout;
        return last = verdict;
    }
};

using Segments = std::vector<std::pair<net::Direction, uint8_t>>;

/// A connection after these segments, the first of which opens it.
inline Connection after(const Segments& segments, const conntrack::Tuning& tuning = {}) {
    Connection tcp(segments.front().second, tuning);
    for (size_t i = 1; i < segments.size(); ++i)
        tcp.meet(segments[i].first, segments[i].second);
    return tcp;
}

inline Segments operator+(Segments segments, const Segments& more) {
    segments.insert(segments.end(), more.begin(), more.end());
    return segments;
}

inline const Segments kSent = {{kOriginal, conntrack::kSyn}};
inline const Segments kAnswered = kSent + Segments{{kReply, kSynAck}};
inline const Segments kHandshake = kAnswered + Segments{{kOriginal, conntrack::kAck}};
inline const Segments kHalfClosed = kHandshake + Segments{{kOriginal, kFinAck}};
inline const Segments kBothClosed = kHalfClosed + Segments{{kReply, kFinAck}};
inline const Segments kFinished = kBothClosed + Segments{{kOriginal, conntrack::kAck}};

}  // namespace sluice::test
