// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Tracker: what a packet does to the state of its flow, and whether it may pass at all.
///
/// Shape    Pure functions: no clock, no table, no packet memory. TCP, UDP, UDP-Lite, SCTP, GRE and
///          ICMP queries each by its own rules; of any other protocol all packets pass.
/// Threads  A flow's state is handed in and out by its owner.
/// Errors   A packet that Linux calls INVALID is refused with the exact reason.
/// Source   nf_conntrack of Linux 6.x: tcp_conntracks, nf_conntrack_tcp_packet(),
///          nf_conntrack_udp_packet(), nf_conntrack_icmp_packet(), nf_conntrack_gre_packet(); the
///          timeouts of nf_conntrack_pptp for GRE that it has foretold.

#include "base/clock.h"
#include "conntrack/status.h"
#include "conntrack/tcp_options.h"
#include "conntrack/tuning.h"
#include "conntrack/verdict.h"
#include "net/tuple.h"
#include "sctp/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::conntrack {

/// What the trackers look at in a packet.
struct Segment {
    net::Protocol protocol{};
    uint8_t tcp_flags = 0;
    uint8_t icmp_type = 0;

    // Of TCP, in host order.
    uint16_t window = 0;   ///< As it stands in the header, not scaled.
    uint16_t payload = 0;  ///< Bytes of data.
    uint32_t seq = 0;
    uint32_t ack = 0;
    TcpOptions options{};

    sctp::Packet sctp_packet{};
};

/// Of a call of PPTP: until it is answered, and from then on. No tuning changes them.
inline constexpr Duration kCallTimeout = Duration::seconds(600);
inline constexpr Duration kCallStreamTimeout = Duration::seconds(5 * 3600);

inline constexpr size_t kTrackerBytes = 52;
using TrackerBytes = std::array<std::byte, kTrackerBytes>;
using TrackerMemory = std::span<std::byte, kTrackerBytes>;

/// Only their trackers remember anything but the state.
constexpr bool has_memory(net::Protocol protocol) {
    return protocol == net::Protocol::Tcp || protocol == net::Protocol::Sctp;
}

/// The first packet, from inside: Pass with the new flow's state, and with `memory` as its record
/// is to have it; or Refuse.
Verdict open(const Tuning& tuning, const Segment& segment, TrackerMemory memory);

/// A segment of a known TCP flow.
Verdict track_tcp(const Tuning& tuning, const FlowState& flow, net::Direction direction,
                  const Segment& segment, TrackerMemory memory);

/// A packet of a known flow, of any protocol but UDP and TCP.
Verdict track_other(const Tuning& tuning, const FlowState& flow, net::Direction direction,
                    const Segment& segment, TrackerMemory memory);

/// A datagram of UDP. A flow younger than 2 s is a question and its answer, however
/// many packets they take; the first reply counts from the datagram after it. A stream stays one.
/// Ages end at 24 days (flow/age.h).
constexpr Verdict track_udp(const Tuning& tuning, const FlowState& flow, net::Direction direction) {
    constexpr uint32_t kStreamAge = 2000;  // milliseconds
    const auto is_old = [&] {
        return (flow.status & kAssured) ||
               static_cast<uint32_t>(flow.age.milliseconds) > kStreamAge;
    };
    if (!(flow.status & kSeenReply) || !is_old())
        return refreshed(flow, direction, tuning.udp);
    Verdict verdict = refreshed(flow, direction, tuning.udp_stream);
    verdict.status |= kAssured;
    return verdict;
}

/// A packet of a known flow.
inline Verdict track(const Tuning& tuning, const FlowState& flow, net::Direction direction,
                     const Segment& segment, TrackerMemory memory) {
    if (segment.protocol == net::Protocol::Udp)  // so little that a call would cost as much
        return track_udp(tuning, flow, direction);
    if (segment.protocol == net::Protocol::Tcp)
        return track_tcp(tuning, flow, direction, segment, memory);
    return track_other(tuning, flow, direction, segment, memory);
}

}  // namespace sluice::conntrack
