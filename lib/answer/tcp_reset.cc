// SPDX-License-Identifier: BSD-3-Clause
#include "answer/tcp_reset.h"

#include "answer/icmp_error.h"
#include "base/big_endian.h"

#include <rte_ip.h>
#include <rte_tcp.h>

#include <cassert>
#include <cstring>

namespace sluice::answer {
namespace {

const rte_tcp_hdr& tcp_of(const net::Packet& packet) {
    return *reinterpret_cast<const rte_tcp_hdr*>(packet.transport);
}

/// How far the segment reaches in sequence space: SYN and FIN take a number each.
uint32_t sequence_length(const net::Packet& packet, const rte_tcp_hdr& tcp) {
    const uint32_t headers = net::ip_header_bytes(packet) + (tcp.data_off >> 4) * 4u;
    return packet.length - headers + ((tcp.tcp_flags & RTE_TCP_SYN_FLAG) != 0) +
           ((tcp.tcp_flags & RTE_TCP_FIN_FLAG) != 0);
}

/// Writes the IP header, and TCP's with its checksum, back to where `packet` came from.
void write(std::span<uint8_t> out, const net::Packet& packet, rte_tcp_hdr tcp) {
    assert(out.size() >= kTcpAnswerBytes);
    rte_ipv4_hdr ip{};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.total_length = Be16::from_host(kTcpAnswerBytes).raw;
    // Whole and never to be cut, so it needs no identification (RFC 6864 §4.1).
    ip.fragment_offset = Be16::from_host(RTE_IPV4_HDR_DF_FLAG).raw;
    ip.time_to_live = kOwnTtl;
    ip.next_proto_id = IPPROTO_TCP;
    ip.src_addr = packet.ip->dst_addr;
    ip.dst_addr = packet.ip->src_addr;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);

    const rte_tcp_hdr& from = tcp_of(packet);
    tcp.src_port = from.dst_port;
    tcp.dst_port = from.src_port;
    tcp.data_off = (sizeof tcp / 4) << 4;
    tcp.cksum = rte_ipv4_udptcp_cksum(&ip, &tcp);

    std::memcpy(out.data(), &ip, sizeof ip);
    std::memcpy(out.data() + sizeof ip, &tcp, sizeof tcp);
}

}  // namespace

void write_tcp_reset(std::span<uint8_t> out, const net::Packet& packet) {
    const rte_tcp_hdr& from = tcp_of(packet);
    rte_tcp_hdr tcp{};
    tcp.tcp_flags = RTE_TCP_RST_FLAG;
    if (from.tcp_flags & RTE_TCP_ACK_FLAG) {
        tcp.sent_seq = from.recv_ack;
    } else {
        tcp.tcp_flags |= RTE_TCP_ACK_FLAG;
        const uint32_t end = Be32{from.sent_seq}.host() + sequence_length(packet, from);
        tcp.recv_ack = Be32::from_host(end).raw;
    }
    write(out, packet, tcp);
}

void write_tcp_challenge(std::span<uint8_t> out, const net::Packet& packet,
                         const Challenge& challenge) {
    rte_tcp_hdr tcp{};
    tcp.tcp_flags = RTE_TCP_ACK_FLAG;
    tcp.sent_seq = Be32::from_host(challenge.seq).raw;
    tcp.recv_ack = Be32::from_host(challenge.ack).raw;
    tcp.rx_win = Be16::from_host(challenge.window).raw;
    write(out, packet, tcp);
}

}  // namespace sluice::answer
