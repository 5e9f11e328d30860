// SPDX-License-Identifier: BSD-3-Clause
#include "net/parse.h"
#include "sctp/crc32c.h"

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_sctp.h>
#include <rte_udp.h>

#include <algorithm>

namespace sluice::net {
namespace {

using stats::Drop;

/// The one's complement sum of data with their checksum in them.
constexpr uint16_t kSumOfGood = 0xffff;

Protocol protocol_of(const Packet& packet) {
    return Protocol{packet.ip->next_proto_id};
}

uint16_t fold(uint32_t sum) {
    sum = (sum >> 16) + (sum & 0xffff);
    return static_cast<uint16_t>((sum >> 16) + sum);
}

/// The sum of `bytes` bytes from `offset`, over segments. (rte_raw_cksum_mbuf() of DPDK 22.11 loses
/// carries behind a segment of odd length.)
uint16_t sum_of(const rte_mbuf* mbuf, uint32_t offset, uint32_t bytes) {
    uint32_t sum = 0;
    bool odd = false;
    for (; bytes > 0; mbuf = mbuf->next) {
        const uint32_t skipped = std::min<uint32_t>(offset, mbuf->data_len);
        const uint32_t here = std::min(bytes, mbuf->data_len - skipped);
        const uint16_t part =
            rte_raw_cksum(rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, skipped), here);
        sum += odd ? swap_bytes(part) : part;
        odd ^= here % 2 != 0;
        offset -= skipped;
        bytes -= here;
    }
    return fold(sum);
}

uint32_t pseudo_header_sum(const rte_ipv4_hdr& ip, uint32_t bytes) {
    return uint32_t{rte_raw_cksum(&ip.src_addr, 2 * sizeof ip.src_addr)} +
           Be16::from_host(ip.next_proto_id).raw +
           Be16::from_host(static_cast<uint16_t>(bytes)).raw;
}

bool is_header_sum_good(const Packet& packet) {
    return rte_raw_cksum(packet.ip, ip_header_bytes(packet)) == kSumOfGood;
}

/// How many bytes from the transport header on its checksum covers.
uint32_t covered_bytes(const Packet& packet, uint32_t bytes) {
    const uint32_t length =
        Be16{reinterpret_cast<const rte_udp_hdr*>(packet.transport)->dgram_len}.host();
    switch (protocol_of(packet)) {
        case Protocol::Udp:
            return length;
        case Protocol::UdpLite:  // RFC 3828 §3.1: 0 stands for all
            return length == 0 ? bytes : length;
        default:
            return bytes;
    }
}

/// CRC32c over the whole packet, with the field itself taken as 0.
bool is_sctp_crc_good(const rte_mbuf* mbuf, const Packet& packet) {
    const auto* start = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    const auto* ip = reinterpret_cast<const uint8_t*>(packet.ip);
    rte_sctp_hdr header = *reinterpret_cast<const rte_sctp_hdr*>(packet.transport);
    const uint32_t there = rte_le_to_cpu_32(header.cksum);
    header.cksum = 0;

    sctp::Crc32c crc;
    crc.add({reinterpret_cast<const uint8_t*>(&header), sizeof header});
    size_t offset = static_cast<size_t>(packet.transport - start) + sizeof header;
    size_t bytes = packet.length - static_cast<size_t>(packet.transport - ip) - sizeof header;
    for (; bytes > 0; mbuf = mbuf->next) {
        const size_t here = std::min(bytes, mbuf->data_len - offset);
        crc.add({rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, offset), here});
        offset = 0;
        bytes -= here;
    }
    return crc.value() == there;
}

bool is_transport_sum_good(const rte_mbuf* mbuf, const Packet& packet) {
    const auto* start = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    const auto offset = static_cast<uint32_t>(packet.transport - start);
    const auto* ip = reinterpret_cast<const uint8_t*>(packet.ip);
    const uint32_t bytes = packet.length - static_cast<uint32_t>(packet.transport - ip);
    const Protocol protocol = protocol_of(packet);
    if (protocol == Protocol::Sctp)
        return is_sctp_crc_good(mbuf, packet);
    if (protocol == Protocol::Icmp)
        return sum_of(mbuf, offset, bytes) == kSumOfGood;
    const uint32_t covered = covered_bytes(packet, bytes);
    // UDP-Lite has the length of the whole datagram in its pseudo header (RFC 3828 §3.1).
    const uint32_t said = protocol == Protocol::UdpLite ? bytes : covered;
    return fold(pseudo_header_sum(*packet.ip, said) + sum_of(mbuf, offset, covered)) == kSumOfGood;
}

bool has_no_checksum(const Packet& packet) {
    const Protocol protocol = protocol_of(packet);
    if (protocol == Protocol::Udp)
        return reinterpret_cast<const rte_udp_hdr*>(packet.transport)->dgram_cksum == 0;
    return is_by_address(protocol);
}

/// NICs do not look into ICMP; some mark it good all the same. Of others, who knows.
bool may_ask_nic(Protocol protocol) {
    return protocol == Protocol::Tcp || protocol == Protocol::Udp;
}

/// What the NIC has found, in the words of its flags; nothing where it has not looked.
std::optional<bool> found(uint64_t flags, uint64_t mask, uint64_t good, uint64_t bad) {
    if ((flags & mask) == good)
        return true;
    if ((flags & mask) == bad)
        return false;
    return std::nullopt;
}

[[gnu::noinline]] std::optional<Drop> verify(const rte_mbuf* mbuf, const Packet& packet,
                                             uint64_t flags) {
    const auto ip_found = found(flags, RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_GOOD,
                                RTE_MBUF_F_RX_IP_CKSUM_BAD);
    const bool ip_good = ip_found ? *ip_found : is_header_sum_good(packet);
    if (!ip_good)
        return Drop::IpChecksum;

    if (packet.is_fragment || has_no_checksum(packet))
        return std::nullopt;
    const bool ask = may_ask_nic(protocol_of(packet));
    const auto transport_found = found(ask ? flags : 0, RTE_MBUF_F_RX_L4_CKSUM_MASK,
                                       RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD);
    const bool transport_good =
        transport_found ? *transport_found : is_transport_sum_good(mbuf, packet);
    return transport_good ? std::nullopt : std::optional(Drop::TransportChecksum);
}

}  // namespace

std::optional<Drop> verify_checksums(const rte_mbuf* mbuf, const Packet& packet, bool trust_nic) {
    constexpr uint64_t kBoth = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
    constexpr uint64_t kBothGood = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    // No flag at all is how a NIC says that it has not looked.
    const uint64_t flags = trust_nic ? mbuf->ol_flags : 0;
    if ((flags & kBoth) == kBothGood && may_ask_nic(protocol_of(packet)))
        return std::nullopt;
    return verify(mbuf, packet, flags);
}

}  // namespace sluice::net
