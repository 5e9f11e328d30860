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
///          nf_conntrack_udp_packet(), nf_conntrack_icmp_packet(), nf_conntrack_gre_packet().

#include "base/clock.h"
#include "conntrack/protocol_state.h"
#include "conntrack/status.h"
#include "conntrack/tcp_options.h"
#include "conntrack/tuning.h"
#include "net/tuple.h"
#include "sctp/packet.h"
#include "stats/drop.h"

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

inline constexpr size_t kTrackerBytes = 64;
using TrackerMemory = std::span<std::byte, kTrackerBytes>;

enum class Action : uint8_t {
    Pass,    ///< Translate and send.
    Refuse,  ///< Drop for `reason`; state and timeout still apply where they changed.
    Reopen,  ///< The flow is over: kill it and treat the packet as one that met no flow.
    Delete,  ///< Send, then kill the flow.
};

/// The state that a packet leaves its flow in. Wider than two registers on purpose: packed into
/// them, it would be read back sooner than its bytes can be put together.
struct alignas(32) Verdict {
    Action action = Action::Pass;
    stats::Drop reason{};  ///< Of Refuse.
    ProtocolState state;
    uint8_t status = 0;    ///< Status bits after the packet.
    bool refresh = false;  ///< The deadline becomes now + timeout.
    Duration timeout;
};

/// A flow as its packets find it.
struct FlowState {
    ProtocolState state;
    uint8_t status = 0;  ///< Status bits.
    Duration age;        ///< Since it opened.
    Duration remaining;  ///< Until its deadline.
};

/// The first packet, from inside: Pass with the new flow's state, or Refuse.
Verdict open(const Tuning& tuning, const Segment& segment);

/// Prepares the tracker's memory for a flow that `segment` opens. Before the flow is published.
void begin(const Tuning& tuning, const Segment& segment, TrackerMemory memory);

/// A packet of a known flow.
Verdict track(const Tuning& tuning, const FlowState& flow, net::Direction direction,
              const Segment& segment, TrackerMemory memory);

}  // namespace sluice::conntrack
