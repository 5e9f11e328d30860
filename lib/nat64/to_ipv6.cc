// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/to_ipv6.h"

#include "nat64/headers.h"
#include "nat64/kept.h"
#include "nat64/transport.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace sluice::nat64 {

using stats::Drop;

namespace {

/// An IPv4 header that has been read, and the addresses that it becomes.
struct Ipv4 {
    rte_ipv4_hdr ip;
    net::Ipv6Address source;
    net::Ipv6Address destination;
    size_t bytes = 0;            ///< Of the header, options included.
    size_t transport_bytes = 0;  ///< As it says.
    uint16_t fragment = 0;       ///< Offset and flags.
    bool was_ipv6 = false;       ///< It came as IPv6, and stays so (--route6).
    uint32_t flow_label = 0;
    uint16_t high_identification = 0;  ///< Of a fragment, the first half.
    std::optional<IcmpHead> error;     ///< What an ICMPv6 error came with.

    bool is_fragment() const {
        return (fragment & (RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG)) != 0;
    }
    bool is_first() const { return (fragment & RTE_IPV4_HDR_OFFSET_MASK) == 0; }
    size_t ipv6_bytes() const { return kIpv6Bytes + (is_fragment() ? kFragmentHeaderBytes : 0); }
    Sum from() const { return Sum().add(Be32{ip.src_addr}).add(Be32{ip.dst_addr}); }
    Sum to() const { return Sum().add(source).add(destination); }
    /// Of a fragment as to_ipv4() has it.
    Sum icmpv6_beside() const {
        return pseudo_header(source, destination,
                             is_fragment() ? uint16_t{0} : static_cast<uint16_t>(transport_bytes),
                             kIcmpv6);
    }
};

/// What a packet that was IPv6 has had, if this is its.
void restore(Ipv4& packet, const Kept& kept) {
    constexpr uint32_t kFlowLabel = 0xfffff;
    if (kept.source.raw != packet.ip.src_addr || kept.destination.raw != packet.ip.dst_addr)
        return;
    packet.flow_label = kept.first_word.host() & kFlowLabel;
    if (static_cast<uint16_t>(kept.identification) == Be16{packet.ip.packet_id}.host())
        packet.high_identification = static_cast<uint16_t>(kept.identification >> 16);
    if (kept.error.type == 0)
        return;
    packet.error = kept.error;
    constexpr uint8_t kTooBig = 2;
    constexpr uint8_t kParameter = 4;
    if (kept.error.type != kTooBig && kept.error.type != kParameter)
        packet.error->rest = 0;  // extensions that this tells of have been left out (RFC 4884)
}

/// Of the packet that begins with `bytes`; `kept` is beside it, and null for a quote.
std::optional<Drop> read(std::span<const uint8_t> bytes, const Addresses& addresses,
                         const Kept* kept, Ipv4& packet) {
    if (bytes.size() < kIpv4Bytes || bytes[0] >> 4 != 4)
        return Drop::Truncated;
    std::memcpy(&packet.ip, bytes.data(), kIpv4Bytes);
    packet.bytes = (packet.ip.version_ihl & 15u) * size_t{4};
    const size_t total = Be16{packet.ip.total_length}.host();
    if (packet.bytes < kIpv4Bytes || total < packet.bytes || bytes.size() < packet.bytes)
        return Drop::Truncated;
    packet.transport_bytes = total - packet.bytes;
    packet.fragment = Be16{packet.ip.fragment_offset}.host();
    const bool is_router = kept != nullptr && addresses.is_router(Be32{packet.ip.src_addr});
    const auto source = is_router ? kept->sender : addresses.to_ipv6(Be32{packet.ip.src_addr});
    const auto destination = addresses.to_ipv6(Be32{packet.ip.dst_addr});
    if (!source || !destination)
        return Drop::Ipv6NoHost;
    packet.source = *source;
    packet.destination = *destination;
    packet.was_ipv6 =
        addresses.is_peer(Be32{packet.ip.src_addr}) || addresses.is_peer(Be32{packet.ip.dst_addr});
    if (packet.was_ipv6 && kept != nullptr)
        restore(packet, *kept);
    return std::nullopt;
}

/// At `at`, ipv6_bytes() of them.
void write_ipv6(uint8_t* at, const Ipv4& packet, size_t transport_bytes) {
    const uint8_t tos = packet.ip.type_of_service;
    const uint8_t protocol = packet.ip.next_proto_id == kIcmp ? kIcmpv6 : packet.ip.next_proto_id;
    const size_t payload = transport_bytes + packet.ipv6_bytes() - kIpv6Bytes;
    const uint8_t head[] = {static_cast<uint8_t>(0x60 | tos >> 4),
                            static_cast<uint8_t>(tos << 4 | packet.flow_label >> 16),
                            static_cast<uint8_t>(packet.flow_label >> 8),
                            static_cast<uint8_t>(packet.flow_label),
                            static_cast<uint8_t>(payload >> 8),
                            static_cast<uint8_t>(payload),
                            packet.is_fragment() ? uint8_t{44} : protocol,
                            packet.ip.time_to_live};
    std::memcpy(at, head, sizeof head);
    std::memcpy(at + 8, packet.source.bytes.data(), 16);
    std::memcpy(at + 24, packet.destination.bytes.data(), 16);
    if (!packet.is_fragment())
        return;
    const unsigned field = (packet.fragment & RTE_IPV4_HDR_OFFSET_MASK) << 3 |
                           ((packet.fragment & RTE_IPV4_HDR_MF_FLAG) != 0 ? 1u : 0u);
    const uint16_t high = packet.high_identification;
    const uint8_t fragment[] = {protocol,
                                0,
                                static_cast<uint8_t>(field >> 8),
                                static_cast<uint8_t>(field),
                                static_cast<uint8_t>(high >> 8),
                                static_cast<uint8_t>(high)};
    std::memcpy(at + kIpv6Bytes, fragment, sizeof fragment);
    write_word(at + kIpv6Bytes + sizeof fragment, packet.ip.packet_id);
}

/// The frame begins so that `packet` is right behind its Ethernet header. False where the mbuf has
/// no room before its data.
bool begin_ipv6_frame(rte_mbuf* mbuf, const uint8_t* packet) {
    auto* frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    const ptrdiff_t longer = frame + kEtherBytes - packet;
    std::array<uint8_t, kMacsBytes> macs;
    std::memcpy(macs.data(), frame, macs.size());
    const void* start =
        longer >= 0 ? static_cast<void*>(rte_pktmbuf_prepend(mbuf, static_cast<uint16_t>(longer)))
                    : rte_pktmbuf_adj(mbuf, static_cast<uint16_t>(-longer));
    if (start == nullptr)
        return false;
    frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    std::memcpy(frame, macs.data(), macs.size());
    write_word(frame + kMacsBytes, Be16::from_host(RTE_ETHER_TYPE_IPV6).raw);
    return true;
}

std::optional<Drop> finish(rte_mbuf* mbuf, const Ipv4& packet, uint8_t* transport) {
    uint8_t* start = transport - packet.ipv6_bytes();
    if (!begin_ipv6_frame(mbuf, start))
        return Drop::TxFull;
    write_ipv6(start, packet, packet.transport_bytes);
    return std::nullopt;
}

/// UDP's that was left out, which IPv6 wants.
void compute_udp_checksum(rte_mbuf* mbuf, const Ipv4& packet, std::span<uint8_t> udp) {
    const size_t said = Be16{read_word(&udp[4])}.host();
    const auto bytes = static_cast<uint16_t>(std::min(said, packet.transport_bytes));
    uint16_t sum = 0;
    rte_raw_cksum_mbuf(mbuf, static_cast<uint32_t>(kEtherBytes + packet.bytes), bytes, &sum);
    const auto checksum = static_cast<uint16_t>(
        ~pseudo_header(packet.source, packet.destination, bytes, kUdp).add_raw(sum).folded());
    write_word(&udp[6], checksum == 0 ? 0xffff : checksum);
}

bool change_quoted(const Ipv4& quoted, std::span<uint8_t> transport) {
    if (quoted.ip.next_proto_id != kIcmp) {
        change_checksum(quoted.ip.next_proto_id, transport, quoted.from(), quoted.to());
        return true;
    }
    if (transport.size() < kIcmpBytes)
        return false;
    const IcmpHead head = read_head(transport.data());
    const auto other = to_icmpv6(head, 0);
    if (is_icmp_error(head.type) || !other)
        return false;
    change_head(transport.data(), *other, {}, quoted.icmpv6_beside());
    return true;
}

/// What goes beyond so many bytes is cut off the end, as far as that is one segment.
void shorten(rte_mbuf* mbuf, size_t most) {
    const rte_mbuf* last = rte_pktmbuf_lastseg(mbuf);
    if (rte_pktmbuf_pkt_len(mbuf) > most)
        rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(std::min<size_t>(
                                   rte_pktmbuf_pkt_len(mbuf) - most, last->data_len)));
}

/// Of the quote, among `there` bytes behind an error's head. Where its length is said extensions
/// follow (RFC 4884 §4.1 to §4.3), at a place that ICMPv6 cannot name any more when the quote has
/// grown: it counts in 8 bytes.
size_t bytes_before_extensions(const IcmpHead& head, size_t there) {
    constexpr size_t kUnit = 4;
    constexpr size_t kLeastQuote = 128;
    const size_t said = (head.rest >> 16 & 0xff) * kUnit;
    return said < kLeastQuote ? there : std::min(said, there);
}

/// Whether an ICMP message is as it was sent.
bool is_sound(const rte_mbuf* mbuf, const Ipv4& packet) {
    uint16_t sum = 0;
    return rte_raw_cksum_mbuf(mbuf, static_cast<uint32_t>(kEtherBytes + packet.bytes),
                              static_cast<uint32_t>(packet.transport_bytes), &sum) == 0 &&
           sum == 0xffff;
}

std::optional<Drop> error_to_ipv6(rte_mbuf* mbuf, Ipv4& packet, std::span<uint8_t> transport,
                                  const Addresses& addresses) {
    if (!is_sound(mbuf, packet))
        return Drop::TransportChecksum;  // the new checksum would hide it
    const std::span<uint8_t> quote = transport.subspan(kIcmpBytes);
    Ipv4 quoted;
    if (read(quote, addresses, nullptr, quoted) || !quoted.is_first())
        return Drop::IcmpErrorQuote;
    const auto total = static_cast<uint16_t>(quoted.bytes + quoted.transport_bytes);
    const IcmpHead head = read_head(transport.data());
    const auto icmp = packet.error ? packet.error : to_icmpv6(head, total);
    if (!icmp)
        return Drop::Ipv6Untranslatable;
    const std::span<uint8_t> inner = quote.subspan(quoted.bytes);
    if (!change_quoted(quoted, inner))
        return Drop::IcmpErrorQuote;
    uint8_t* inner_ip = inner.data() - quoted.ipv6_bytes();
    uint8_t* outer_icmp = inner_ip - kIcmpBytes;
    uint8_t* outer_ip = outer_icmp - kIpv6Bytes;
    // Before the frame begins elsewhere.
    shorten(mbuf, kEtherBytes + packet.bytes + kIcmpBytes +
                      bytes_before_extensions(head, packet.transport_bytes - kIcmpBytes));
    if (!begin_ipv6_frame(mbuf, outer_ip))
        return Drop::TxFull;
    shorten(mbuf, kEtherBytes + kLeastMtu);
    packet.transport_bytes = rte_pktmbuf_pkt_len(mbuf) - kEtherBytes - kIpv6Bytes;
    write_ipv6(inner_ip, quoted, quoted.transport_bytes);
    write_head(outer_icmp, *icmp);
    write_word(outer_icmp + 2, 0);
    write_ipv6(outer_ip, packet, packet.transport_bytes);
    uint16_t sum = 0;
    rte_raw_cksum_mbuf(mbuf, kEtherBytes + kIpv6Bytes,
                       static_cast<uint32_t>(packet.transport_bytes), &sum);
    write_word(outer_icmp + 2,
               static_cast<uint16_t>(~packet.icmpv6_beside().add_raw(sum).folded()));
    return std::nullopt;
}

std::optional<Drop> icmp_to_ipv6(rte_mbuf* mbuf, Ipv4& packet, std::span<uint8_t> transport,
                                 const Addresses& addresses) {
    if (packet.is_fragment() && !packet.was_ipv6)
        return Drop::Ipv6Untranslatable;  // its new checksum would cover a length not known here
    if (!packet.is_first())
        return finish(mbuf, packet, transport.data());
    if (transport.size() < kIcmpBytes)
        return Drop::Truncated;
    const IcmpHead head = read_head(transport.data());
    if (is_icmp_error(head.type))
        return packet.is_fragment() ? std::optional(Drop::Ipv6Untranslatable)
                                    : error_to_ipv6(mbuf, packet, transport, addresses);
    const auto icmp = to_icmpv6(head, 0);
    if (!icmp)
        return Drop::Ipv6Untranslatable;
    change_head(transport.data(), *icmp, {}, packet.icmpv6_beside());
    return finish(mbuf, packet, transport.data());
}

}  // namespace

std::optional<Drop> to_ipv6(rte_mbuf* mbuf, const Addresses& addresses, ZeroChecksum zero) {
    const std::span<uint8_t> frame(rte_pktmbuf_mtod(mbuf, uint8_t*), rte_pktmbuf_data_len(mbuf));
    const std::span<uint8_t> bytes = frame.subspan(std::min(kEtherBytes, frame.size()));
    Ipv4 packet;
    if (const auto reason = read(bytes, addresses, &kept_of(mbuf), packet))
        return reason;
    if (rte_pktmbuf_pkt_len(mbuf) < kEtherBytes + packet.bytes + packet.transport_bytes)
        return Drop::Truncated;
    const std::span<uint8_t> transport =
        bytes.subspan(packet.bytes, std::min(bytes.size() - packet.bytes, packet.transport_bytes));
    const uint8_t protocol = packet.ip.next_proto_id;
    if (protocol == kIcmp)
        return icmp_to_ipv6(mbuf, packet, transport, addresses);
    if (protocol == kIcmpv6)
        return Drop::Ipv6Untranslatable;  // ICMPv6 over IPv4 is none of both
    if (packet.is_first()) {
        const bool lacks_checksum =
            protocol == kUdp && transport.size() >= kIcmpBytes && read_word(&transport[6]) == 0;
        if (lacks_checksum && !is_computed(zero, packet.is_fragment()))
            return Drop::Ipv6NoChecksum;
        if (lacks_checksum)
            compute_udp_checksum(mbuf, packet, transport);
        else if (!change_checksum(protocol, transport, packet.from(), packet.to()))
            return Drop::Truncated;
    }
    return finish(mbuf, packet, transport.data());
}

}  // namespace sluice::nat64
