// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/segments.h"

#include "sctp/crc32c.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstring>

namespace sluice::af_packet {
namespace {

constexpr uint32_t kIp = sizeof(rte_ether_hdr);
constexpr uint32_t kIpv6Transport = kIp + sizeof(rte_ipv6_hdr);
constexpr uint16_t kUdpChecksum = offsetof(rte_udp_hdr, dgram_cksum);
constexpr uint16_t kSctpChecksum = 8;  // RFC 9260 §3.1
constexpr uint8_t kPshFin = RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG;

template <typename Header>
Header& at(std::span<uint8_t> frame, size_t offset) {
    return *reinterpret_cast<Header*>(frame.data() + offset);
}

template <typename Header>
const Header& at(std::span<const uint8_t> frame, size_t offset) {
    return *reinterpret_cast<const Header*>(frame.data() + offset);
}

uint16_t ether_type(std::span<const uint8_t> frame) {
    return rte_be_to_cpu_16(at<rte_ether_hdr>(frame, 0).ether_type);
}

/// The protocol of the packet whose transport header is at `transport`, if nothing lies between it
/// and the IP header: what a tunnel carries begins further back.
std::optional<uint8_t> protocol_at(std::span<const uint8_t> head, uint32_t transport) {
    if (head.size() < transport || head.size() < kIp + sizeof(rte_ipv4_hdr))
        return std::nullopt;
    if (ether_type(head) == RTE_ETHER_TYPE_IPV4) {
        const auto& ip = at<rte_ipv4_hdr>(head, kIp);
        if (kIp + rte_ipv4_hdr_len(&ip) == transport)
            return ip.next_proto_id;
    }
    if (ether_type(head) == RTE_ETHER_TYPE_IPV6 && transport == kIpv6Transport)
        return at<rte_ipv6_hdr>(head, kIp).proto;
    return std::nullopt;
}

/// Bytes of the transport header; 0 when it is not what the kernel says, or not whole.
uint32_t transport_bytes(std::span<const uint8_t> head, const VnetHeader& kernel) {
    const uint32_t transport = kernel.checksum_start;
    const auto protocol = protocol_at(head, transport);
    const size_t room = head.size() - std::min<size_t>(head.size(), transport);
    switch (kernel.gso & ~VnetHeader::kEcn) {
        case VnetHeader::kTcp4:
        case VnetHeader::kTcp6: {
            if (protocol != IPPROTO_TCP || room < sizeof(rte_tcp_hdr))
                return 0;
            const uint32_t bytes = (at<rte_tcp_hdr>(head, transport).data_off >> 4) * 4U;
            return bytes >= sizeof(rte_tcp_hdr) && bytes <= room ? bytes : 0;
        }
        case VnetHeader::kUdp:
            return protocol == IPPROTO_UDP && room >= sizeof(rte_udp_hdr) ? sizeof(rte_udp_hdr) : 0;
        default:
            return 0;
    }
}

uint16_t transport_checksum(std::span<uint8_t> frame, uint32_t transport) {
    const void* header = frame.data() + transport;
    if (ether_type(frame) == RTE_ETHER_TYPE_IPV6)
        return rte_ipv6_udptcp_cksum(&at<rte_ipv6_hdr>(frame, kIp), header);
    return rte_ipv4_udptcp_cksum(&at<rte_ipv4_hdr>(frame, kIp), header);
}

void finish_ip(std::span<uint8_t> frame, uint32_t index) {
    const size_t bytes = frame.size() - kIp;
    if (ether_type(frame) == RTE_ETHER_TYPE_IPV6) {
        at<rte_ipv6_hdr>(frame, kIp).payload_len =
            rte_cpu_to_be_16(static_cast<uint16_t>(bytes - sizeof(rte_ipv6_hdr)));
        return;
    }
    auto& ip = at<rte_ipv4_hdr>(frame, kIp);
    ip.total_length = rte_cpu_to_be_16(static_cast<uint16_t>(bytes));
    ip.packet_id = rte_cpu_to_be_16(static_cast<uint16_t>(rte_be_to_cpu_16(ip.packet_id) + index));
    ip.hdr_checksum = 0;
    const uint16_t sum = rte_raw_cksum(&ip, rte_ipv4_hdr_len(&ip));
    ip.hdr_checksum = static_cast<uint16_t>(~sum);
}

void finish_tcp(std::span<uint8_t> frame, const Pieces& pieces, uint32_t index) {
    auto& tcp = at<rte_tcp_hdr>(frame, pieces.transport);
    tcp.sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp.sent_seq) + index * pieces.payload);
    uint8_t flags = tcp.tcp_flags;
    if (index != 0)  // it says once that the window was reduced: RFC 3168 §6.1.2
        flags &= static_cast<uint8_t>(~RTE_TCP_CWR_FLAG);
    if (index + 1 != pieces.count)
        flags &= static_cast<uint8_t>(~kPshFin);
    tcp.tcp_flags = flags;
    tcp.cksum = 0;
    tcp.cksum = transport_checksum(frame, pieces.transport);
}

void finish_udp(std::span<uint8_t> frame, uint32_t transport) {
    auto& udp = at<rte_udp_hdr>(frame, transport);
    udp.dgram_len = rte_cpu_to_be_16(static_cast<uint16_t>(frame.size() - transport));
    udp.dgram_cksum = 0;
    udp.dgram_cksum = transport_checksum(frame, transport);  // never 0
}

}  // namespace

std::optional<Pieces> plan_pieces(std::span<const uint8_t> head, uint32_t frame_bytes,
                                  const VnetHeader& kernel) {
    const uint32_t transport = transport_bytes(head, kernel);
    if (transport == 0 || kernel.payload_bytes == 0)
        return std::nullopt;
    Pieces pieces;
    pieces.transport = kernel.checksum_start;
    pieces.headers = pieces.transport + transport;
    if (frame_bytes <= pieces.headers)
        return std::nullopt;
    const uint32_t payload = frame_bytes - pieces.headers;
    pieces.payload = kernel.payload_bytes;
    pieces.count = (payload + pieces.payload - 1) / pieces.payload;
    pieces.last = payload - (pieces.count - 1) * pieces.payload;
    return pieces;
}

void finish_piece(std::span<uint8_t> frame, const Pieces& pieces, uint32_t index) {
    finish_ip(frame, index);
    if (protocol_at(frame, pieces.transport) == IPPROTO_TCP)
        finish_tcp(frame, pieces, index);
    else
        finish_udp(frame, pieces.transport);
}

bool finish_checksum(std::span<uint8_t> frame, const VnetHeader& kernel) {
    const size_t start = kernel.checksum_start;
    const size_t place = start + kernel.checksum_offset;
    const bool is_sctp = kernel.checksum_offset == kSctpChecksum;
    if (place + (is_sctp ? sizeof(uint32_t) : sizeof(uint16_t)) > frame.size())
        return false;
    uint8_t* field = frame.data() + place;
    if (is_sctp) {
        std::memset(field, 0, sizeof(uint32_t));
        sctp::Crc32c sum;
        sum.add(frame.subspan(start));
        const uint32_t crc = rte_cpu_to_le_32(sum.value());
        std::memcpy(field, &crc, sizeof crc);
        return true;
    }
    // The field holds the sum of the pseudo-header, so it is part of what is summed.
    auto sum = static_cast<uint16_t>(~rte_raw_cksum(frame.data() + start, frame.size() - start));
    if (sum == 0 && kernel.checksum_offset == kUdpChecksum)
        sum = 0xffff;  // RFC 768: 0 says that there is none
    std::memcpy(field, &sum, sizeof sum);
    return true;
}

}  // namespace sluice::af_packet
