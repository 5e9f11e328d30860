// SPDX-License-Identifier: BSD-3-Clause
#include "nat/translate.h"

#include "nat/calls.h"
#include "sctp/crc32c.h"

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <cstring>

namespace sluice::nat {
namespace {

/// UDP has no "zero" sum: 0 means that there is none (RFC 768).
uint16_t udp_checksum(uint16_t sum) {
    return sum == 0 ? 0xffff : sum;
}

/// The checksum covers the ports, not the addresses; with the packet's own ports it stays.
void translate_sctp(const net::Tuple& after, const net::Packet& packet) {
    auto* sctp = reinterpret_cast<rte_sctp_hdr*>(packet.transport);
    const std::array<uint16_t, 2> difference{
        static_cast<uint16_t>(sctp->src_port ^ after.source_port.raw),
        static_cast<uint16_t>(sctp->dst_port ^ after.destination_port.raw),
    };
    if (difference == std::array<uint16_t, 2>{})
        return;
    const auto header =
        static_cast<size_t>(packet.transport - reinterpret_cast<const uint8_t*>(packet.ip));
    sctp->src_port = after.source_port.raw;
    sctp->dst_port = after.destination_port.raw;
    sctp->cksum ^= rte_cpu_to_le_32(sctp::crc32c_change(
        {reinterpret_cast<const uint8_t*>(difference.data()), sizeof difference},
        packet.length - header - sizeof difference));
}

/// GRE of version 1 has no checksum, and no other number of the two ends.
void translate_call(const flow::FlowRecord& record, net::Direction direction,
                    const net::Packet& packet) {
    if (!is_call(record))
        return;
    const Be16 call_id = Call::of(record).leaves_with[index(direction)];
    std::memcpy(packet.transport + net::kCallIdAt, &call_id.raw, sizeof call_id.raw);
}

}  // namespace

flow::Rewrite rewrite_of(const std::array<net::Tuple, 2>& tuple) {
    const net::Tuple& before = tuple[index(net::Direction::Original)];
    const net::Tuple after = tuple[index(net::Direction::Reply)].reversed();

    flow::Rewrite rewrite;
    // Of most flows the source's address alone changes.
    const auto change = [](net::ChecksumDelta& delta, auto from, auto to) {
        if (from != to)
            delta.change(from, to);
    };
    rewrite.address.change(before.source, after.source);
    change(rewrite.address, before.destination, after.destination);
    if (before.protocol ==
        net::Protocol::Icmp) {  // which sums no addresses, and has one identifier
        // Also where it stays: the inverse of what is not changed at all would make 0 of 0xffff,
        // the sum of an answer that is all zeros.
        rewrite.transport.change(before.source_port, after.source_port);
    } else {
        change(rewrite.transport, before.source_port, after.source_port);
        change(rewrite.transport, before.destination_port, after.destination_port);
        rewrite.transport.add(rewrite.address);
    }
    return rewrite;
}

// g++ 12 would move both addresses, and both ports, as one, and needs four more registers for that,
// which it saves for every packet: 57 instructions in place of 49.
#if !defined(__clang__)
__attribute__((optimize("no-tree-slp-vectorize")))
#endif
void translate(const flow::FlowRecord& record, net::Direction direction,
               const net::Packet& packet) {
    const net::Tuple& reverse = record.key(opposite(direction));
    const net::ChecksumDelta address = record.rewrite.address.toward(direction);
    const net::ChecksumDelta transport = record.rewrite.transport.toward(direction);

    packet.ip->src_addr = reverse.destination.raw;
    packet.ip->dst_addr = reverse.source.raw;
    packet.ip->hdr_checksum = address.apply(packet.ip->hdr_checksum);

    switch (reverse.protocol) {
        case net::Protocol::Tcp: {
            auto* tcp = reinterpret_cast<rte_tcp_hdr*>(packet.transport);
            tcp->src_port = reverse.destination_port.raw;
            tcp->dst_port = reverse.source_port.raw;
            tcp->cksum = transport.apply(tcp->cksum);
            return;
        }
        case net::Protocol::Udp:
        case net::Protocol::UdpLite: {  // whose checksum covers the ports always, and is never 0
            auto* udp = reinterpret_cast<rte_udp_hdr*>(packet.transport);
            udp->src_port = reverse.destination_port.raw;
            udp->dst_port = reverse.source_port.raw;
            if (udp->dgram_cksum != 0)
                udp->dgram_cksum = udp_checksum(transport.apply(udp->dgram_cksum));
            return;
        }
        case net::Protocol::Icmp: {
            auto* icmp = reinterpret_cast<rte_icmp_hdr*>(packet.transport);
            icmp->icmp_ident = direction == net::Direction::Original ? reverse.destination_port.raw
                                                                     : reverse.source_port.raw;
            icmp->icmp_cksum = transport.apply(icmp->icmp_cksum);
            return;
        }
        case net::Protocol::Sctp:
            return translate_sctp(reverse.reversed(), packet);
        case net::Protocol::Gre:
            return translate_call(record, direction, packet);
        default:  // by its addresses alone
            return;
    }
}

void decrement_ttl(const net::Packet& packet) {
    // TTL and protocol share a 16-bit word of the header, the TTL its high byte.
    net::ChecksumDelta one_less;
    one_less.change(Be16::from_host(0x0100), Be16{});
    --packet.ip->time_to_live;
    packet.ip->hdr_checksum = one_less.apply(packet.ip->hdr_checksum);
}

}  // namespace sluice::nat
