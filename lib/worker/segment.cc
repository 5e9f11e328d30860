// SPDX-License-Identifier: BSD-3-Clause
#include "worker/segment.h"

#include "base/big_endian.h"
#include "sctp/packet.h"

#include <rte_ip.h>
#include <rte_tcp.h>

namespace sluice::worker {

namespace {

/// parse() has found it sound.
sctp::Packet sctp_of(const net::Packet& packet) {
    const auto offset =
        static_cast<size_t>(packet.transport - reinterpret_cast<const uint8_t*>(packet.ip));
    return sctp::read({packet.transport, packet.head_bytes - offset}, packet.length - offset)
        .value_or(sctp::Packet{});
}

}  // namespace

conntrack::Segment segment_of(const net::Packet& packet, const net::Tuple& tuple) {
    conntrack::Segment segment{tuple.protocol, packet.tcp_flags, packet.icmp_type};
    if (tuple.protocol != net::Protocol::Tcp) {
        if (tuple.protocol == net::Protocol::Sctp)
            segment.sctp_packet = sctp_of(packet);
        return segment;
    }
    const auto& tcp = *reinterpret_cast<const rte_tcp_hdr*>(packet.transport);
    const size_t header = (tcp.data_off >> 4) * size_t{4};
    segment.window = Be16{tcp.rx_win}.host();
    segment.payload =
        static_cast<uint16_t>(packet.datagram - net::ip_header_bytes(packet) - header);
    segment.seq = Be32{tcp.sent_seq}.host();
    segment.ack = Be32{tcp.recv_ack}.host();
    segment.options = conntrack::parse_tcp_options(
        {packet.transport + sizeof tcp, header - sizeof tcp}, segment.ack);
    return segment;
}

}  // namespace sluice::worker
