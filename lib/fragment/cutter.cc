// SPDX-License-Identifier: BSD-3-Clause
#include "fragment/cutter.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace sluice::fragment {

using stats::Count;
using stats::Drop;

namespace {

constexpr uint16_t kEtherBytes = sizeof(rte_ether_hdr);

rte_ipv4_hdr* ip_of(rte_mbuf* mbuf) {
    return rte_pktmbuf_mtod_offset(mbuf, rte_ipv4_hdr*, kEtherBytes);
}

/// Bytes of Ethernet and IP header.
unsigned headers_of(rte_mbuf* mbuf) {
    return kEtherBytes + rte_ipv4_hdr_len(ip_of(mbuf));
}

bool is_fragment(const rte_mbuf* mbuf) {
    const auto& ip = *rte_pktmbuf_mtod_offset(mbuf, const rte_ipv4_hdr*, kEtherBytes);
    return (ip.fragment_offset &
            rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG)) != 0;
}

rte_udp_hdr& udp_of(rte_mbuf* mbuf) {
    return *rte_pktmbuf_mtod_offset(mbuf, rte_udp_hdr*, headers_of(mbuf));
}

/// A whole datagram without the UDP checksum that IPv4 may leave out.
bool lacks_udp_checksum(rte_mbuf* mbuf) {
    return ip_of(mbuf)->next_proto_id == IPPROTO_UDP && !is_fragment(mbuf) &&
           udp_of(mbuf).dgram_cksum == 0;
}

void make_udp_checksum(rte_mbuf* mbuf) {
    const unsigned headers = headers_of(mbuf);
    rte_ipv4_hdr ip = *ip_of(mbuf);
    rte_udp_hdr& udp = udp_of(mbuf);
    // What it covers is as long as UDP says, which parse() has held against what is there.
    const unsigned bytes = Be16{udp.dgram_len}.host();
    ip.total_length = Be16::from_host(static_cast<uint16_t>(headers - kEtherBytes + bytes)).raw;
    uint16_t sum = 0;
    rte_raw_cksum_mbuf(mbuf, headers, bytes, &sum);
    uint32_t all = uint32_t{sum} + rte_ipv4_phdr_cksum(&ip, 0);
    all = (all & 0xffff) + (all >> 16);
    const auto checksum = static_cast<uint16_t>(~all);
    udp.dgram_cksum = checksum == 0 ? 0xffff : checksum;
}

/// What is only the first fragment's of the IP options becomes padding (RFC 791 §3.2).
void blank_options(std::span<uint8_t> options) {
    constexpr uint8_t kEnd = 0;
    constexpr uint8_t kPadding = 1;
    constexpr uint8_t kCopied = 0x80;
    for (size_t at = 0; at < options.size() && options[at] != kEnd;) {
        // parse() has found them sound: behind all others stands a length that fits.
        const size_t bytes = options[at] == kPadding ? 1 : options[at + 1];
        if ((options[at] & kCopied) == 0)
            std::fill_n(options.begin() + static_cast<ptrdiff_t>(at), bytes, kPadding);
        at += bytes;
    }
}

/// Makes `piece`, which is empty, a fragment of `whole`: `bytes` bytes from `offset` on. What is
/// cut may itself be a fragment.
bool fill_piece(rte_mbuf* piece, rte_mbuf* whole, unsigned offset, unsigned bytes) {
    const unsigned headers = headers_of(whole);
    auto* frame = reinterpret_cast<uint8_t*>(
        rte_pktmbuf_append(piece, static_cast<uint16_t>(headers + bytes)));
    if (frame == nullptr)
        return false;
    std::memcpy(frame, rte_pktmbuf_mtod(whole, const uint8_t*), headers);
    const void* data = rte_pktmbuf_read(whole, headers + offset, bytes, frame + headers);
    if (data != frame + headers)
        std::memcpy(frame + headers, data, bytes);
    if (offset != 0)
        blank_options({frame + kEtherBytes + sizeof(rte_ipv4_hdr), frame + headers});

    rte_ipv4_hdr& ip = *ip_of(piece);
    unsigned field = Be16{ip.fragment_offset}.host() + offset / RTE_IPV4_HDR_OFFSET_UNITS;
    if (headers + offset + bytes < whole->pkt_len)
        field |= RTE_IPV4_HDR_MF_FLAG;
    ip.fragment_offset = Be16::from_host(static_cast<uint16_t>(field)).raw;
    ip.total_length = Be16::from_host(static_cast<uint16_t>(headers - kEtherBytes + bytes)).raw;
    ip.hdr_checksum = 0;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    return true;
}

}  // namespace

void Cutter::send(rte_mbuf* mbuf, link::Path& path) {
    if (!is_too_big(mbuf, path.interface))
        return egress_.send(mbuf, path);
    for (rte_mbuf* piece : cut(mbuf, path.interface))
        egress_.send(piece, path);
}

void Cutter::send(rte_mbuf* mbuf, link::InterfaceId interface) {
    if (!is_too_big(mbuf, interface))
        return egress_.send(mbuf, interface);
    for (rte_mbuf* piece : cut(mbuf, interface))
        egress_.send(piece, interface);
}

bool Cutter::is_too_big(const rte_mbuf* mbuf, link::InterfaceId interface) const {
    return mbuf->pkt_len > uint32_t{egress_.exit(interface).most(is_fragment(mbuf))} + kEtherBytes;
}

/// None where the packet had to be dropped.
std::span<rte_mbuf*> Cutter::cut(rte_mbuf* mbuf, link::InterfaceId interface) {
    // IPv6 wants it, and pieces would be too late for it.
    if (egress_.interface(interface).vlan == link::kIpv6Side && lacks_udp_checksum(mbuf)) {
        if (!nat64::is_computed(ipv6_->zero_checksum(), false)) {
            egress_.drop(mbuf, Drop::Ipv6NoChecksum);
            return {};
        }
        make_udp_checksum(mbuf);
    }
    const unsigned headers = headers_of(mbuf);
    const unsigned room = (egress_.exit(interface).fragment_mtu + kEtherBytes - headers) & ~7u;
    const unsigned bytes = mbuf->pkt_len - headers;
    const unsigned count = (bytes + room - 1) / room;
    if (count > pieces_.size() || rte_pktmbuf_alloc_bulk(packets_, pieces_.data(), count) != 0) {
        egress_.drop(mbuf, Drop::SplitFailed);
        return {};
    }
    bool filled = true;
    for (unsigned i = 0; i < count; ++i)
        filled &= fill_piece(pieces_[i], mbuf, i * room, std::min(room, bytes - i * room));
    if (!filled) {  // the packet pool's buffers are smaller than the MTU
        rte_pktmbuf_free_bulk(pieces_.data(), count);
        egress_.drop(mbuf, Drop::SplitFailed);
        return {};
    }
    rte_pktmbuf_free(mbuf);
    counters_.count[Count::PacketsCut].add(1);
    counters_.count[Count::Originated].add(count - 1);
    return std::span(pieces_).first(count);
}

}  // namespace sluice::fragment
