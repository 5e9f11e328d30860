// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Segment: what the trackers look at, read from a packet as it arrived.
///
/// Cost     The TCP header's line of the frame, which parsing has touched already.

#include "base/big_endian.h"
#include "conntrack/tracker.h"
#include "net/packet.h"
#include "net/tuple.h"
#include "sctp/packet.h"

#include <rte_tcp.h>

#include <cstddef>

namespace sluice::worker {

/// Of an SCTP packet. parse() has found it sound.
sctp::Packet sctp_of(const net::Packet& packet);

inline conntrack::Segment segment_of(const net::Packet& packet, const net::Tuple& tuple) {
    conntrack::Segment segment{tuple.protocol, packet.tcp_flags, packet.icmp_type};
    if (tuple.protocol == net::Protocol::Tcp) {
        const auto& tcp = *reinterpret_cast<const rte_tcp_hdr*>(packet.transport);
        const size_t header = (tcp.data_off >> 4) * size_t{4};
        segment.window = Be16{tcp.rx_win}.host();
        segment.payload =
            static_cast<uint16_t>(packet.datagram - net::ip_header_bytes(packet) - header);
        segment.seq = Be32{tcp.sent_seq}.host();
        segment.ack = Be32{tcp.recv_ack}.host();
        segment.options = conntrack::parse_tcp_options(
            {packet.transport + sizeof tcp, header - sizeof tcp}, segment.ack);
    } else if (tuple.protocol == net::Protocol::Sctp) {
        segment.sctp_packet = sctp_of(packet);
    }
    return segment;
}

}  // namespace sluice::worker
