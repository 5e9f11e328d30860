// SPDX-License-Identifier: BSD-3-Clause
#include "af_packet/runs.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace sluice::af_packet {
namespace {

constexpr uint32_t kMostIpBytes = 65535;
constexpr size_t kTransport = sizeof(rte_ether_hdr) + sizeof(rte_ipv4_hdr);
constexpr uint64_t kGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
constexpr uint64_t kChecksums = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
/// Flags with which a segment may stand in a run. PSH ends one.
constexpr uint8_t kPlain = RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG | RTE_TCP_ECE_FLAG;

/// A TCP segment over IPv4, in one piece and with nothing unusual about it.
struct Segment {
    const rte_ether_hdr* ethernet;
    const rte_ipv4_hdr* ip;
    const rte_tcp_hdr* tcp;
    uint32_t tcp_bytes;  // of the header
    uint32_t payload;

    size_t headers() const { return kTransport + tcp_bytes; }
    bool pushes() const { return (tcp->tcp_flags & RTE_TCP_PSH_FLAG) != 0; }
};

std::optional<Segment> read(const rte_mbuf* mbuf) {
    if ((mbuf->ol_flags & kChecksums) != kGood || mbuf->nb_segs != 1 ||
        mbuf->data_len < kTransport + sizeof(rte_tcp_hdr))
        return std::nullopt;
    Segment segment{};
    segment.ethernet = rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*);
    segment.ip = reinterpret_cast<const rte_ipv4_hdr*>(segment.ethernet + 1);
    segment.tcp = reinterpret_cast<const rte_tcp_hdr*>(segment.ip + 1);
    const uint16_t whole = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
    if (segment.ethernet->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
        segment.ip->version_ihl != RTE_IPV4_VHL_DEF || segment.ip->next_proto_id != IPPROTO_TCP ||
        (segment.ip->fragment_offset & ~whole) != 0)
        return std::nullopt;
    segment.tcp_bytes = (segment.tcp->data_off >> 4) * 4U;
    const uint32_t bytes = rte_be_to_cpu_16(segment.ip->total_length);
    const bool is_plain =
        (segment.tcp->tcp_flags & ~kPlain) == 0 && (segment.tcp->tcp_flags & RTE_TCP_ACK_FLAG) != 0;
    if (!is_plain || segment.tcp_bytes < sizeof(rte_tcp_hdr) ||
        bytes <= sizeof(rte_ipv4_hdr) + segment.tcp_bytes ||
        bytes + sizeof(rte_ether_hdr) != mbuf->data_len)
        return std::nullopt;
    segment.payload = bytes - static_cast<uint32_t>(sizeof(rte_ipv4_hdr)) - segment.tcp_bytes;
    return segment;
}

bool has_same_ip(const rte_ipv4_hdr& first, const rte_ipv4_hdr& other, unsigned index) {
    const bool is_whole = (first.fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) != 0;
    const auto expected = static_cast<uint16_t>(rte_be_to_cpu_16(first.packet_id) + index);
    return first.src_addr == other.src_addr && first.dst_addr == other.dst_addr &&
           first.time_to_live == other.time_to_live &&
           first.type_of_service == other.type_of_service &&
           first.fragment_offset == other.fragment_offset &&
           (is_whole || other.packet_id == rte_cpu_to_be_16(expected));
}

bool has_same_tcp(const Segment& first, const Segment& other) {
    constexpr size_t kFixed = sizeof(rte_tcp_hdr);
    const auto flags = static_cast<uint8_t>(first.tcp->tcp_flags ^ other.tcp->tcp_flags);
    return first.tcp->src_port == other.tcp->src_port &&
           first.tcp->dst_port == other.tcp->dst_port &&
           first.tcp->recv_ack == other.tcp->recv_ack && first.tcp->rx_win == other.tcp->rx_win &&
           first.tcp->data_off == other.tcp->data_off && (flags & ~RTE_TCP_PSH_FLAG) == 0 &&
           std::memcmp(first.tcp + 1, other.tcp + 1, first.tcp_bytes - kFixed) == 0;
}

/// Segment number `index` continues a run of full segments that begins with `first`.
bool continues(const Segment& first, const Segment& other, unsigned index) {
    const uint32_t expected = rte_be_to_cpu_32(first.tcp->sent_seq) + index * first.payload;
    return std::memcmp(first.ethernet, other.ethernet, sizeof(rte_ether_hdr)) == 0 &&
           has_same_ip(*first.ip, *other.ip, index) && has_same_tcp(first, other) &&
           rte_be_to_cpu_32(other.tcp->sent_seq) == expected && other.payload <= first.payload;
}

bool has_same_tag(const rte_mbuf* first, const rte_mbuf* other) {
    return ((first->ol_flags ^ other->ol_flags) & RTE_MBUF_F_TX_VLAN) == 0 &&
           ((first->ol_flags & RTE_MBUF_F_TX_VLAN) == 0 || first->vlan_tci == other->vlan_tci);
}

}  // namespace

unsigned run_length(std::span<rte_mbuf* const> packets) {
    const auto first = read(packets[0]);
    if (!first || first->pushes())
        return 1;
    uint32_t bytes = rte_be_to_cpu_16(first->ip->total_length);
    unsigned length = 1;
    while (length < packets.size()) {
        const auto next = read(packets[length]);
        if (!next || !has_same_tag(packets[0], packets[length]) ||
            !continues(*first, *next, length) || bytes + next->payload > kMostIpBytes)
            break;
        bytes += next->payload;
        ++length;
        if (next->payload < first->payload || next->pushes())  // the last of its frame
            break;
    }
    return length;
}

size_t write_run_headers(std::span<rte_mbuf* const> run, std::span<uint8_t> headers,
                         VnetHeader& offload) {
    const Segment first = *read(run.front());
    const Segment last = *read(run.back());
    const size_t bytes = first.headers();
    std::copy_n(reinterpret_cast<const uint8_t*>(first.ethernet), bytes, headers.data());
    auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(headers.data() + sizeof(rte_ether_hdr));
    auto& tcp = *reinterpret_cast<rte_tcp_hdr*>(headers.data() + kTransport);
    const size_t payload = (run.size() - 1) * first.payload + last.payload;
    ip.total_length =
        rte_cpu_to_be_16(static_cast<uint16_t>(bytes - sizeof(rte_ether_hdr) + payload));
    ip.hdr_checksum = 0;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    tcp.tcp_flags |= last.tcp->tcp_flags;
    tcp.cksum = rte_ipv4_phdr_cksum(&ip, 0);

    offload.flags = VnetHeader::kNeedsChecksum;
    offload.gso = VnetHeader::kTcp4;
    offload.header_bytes = static_cast<uint16_t>(bytes);
    offload.payload_bytes = static_cast<uint16_t>(first.payload);
    offload.checksum_start = kTransport;
    offload.checksum_offset = offsetof(rte_tcp_hdr, cksum);
    return bytes;
}

}  // namespace sluice::af_packet
