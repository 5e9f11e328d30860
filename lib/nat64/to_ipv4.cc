// SPDX-License-Identifier: BSD-3-Clause
#include "nat64/to_ipv4.h"

#include "nat64/transport.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace sluice::nat64 {

using stats::Drop;

namespace {

/// A header's fields of `headers`, in front of so many bytes.
void write_ipv4(uint8_t* at, const Headers& headers, const Ipv4Ends& ends, size_t bytes) {
    uint16_t fragment = 0;
    uint16_t identification = ends.identification;
    if (headers.is_fragment) {
        fragment = static_cast<uint16_t>(headers.offset / RTE_IPV4_HDR_OFFSET_UNITS |
                                         (headers.has_more ? RTE_IPV4_HDR_MF_FLAG : 0));
        identification = static_cast<uint16_t>(headers.identification);
    } else if (kIpv4Bytes + bytes > kMayBeCut) {
        fragment = RTE_IPV4_HDR_DF_FLAG;
        identification = 0;  // of no use to what is never cut (RFC 6864 §4.1)
    }
    if (ends.stays_ipv6)  // no router cuts it (RFC 8200 §5)
        fragment |= RTE_IPV4_HDR_DF_FLAG;
    rte_ipv4_hdr ip{};
    ip.version_ihl = RTE_IPV4_VHL_DEF;
    ip.type_of_service = headers.traffic_class;
    ip.total_length = Be16::from_host(static_cast<uint16_t>(kIpv4Bytes + bytes)).raw;
    ip.packet_id = Be16::from_host(identification).raw;
    ip.fragment_offset = Be16::from_host(fragment).raw;
    ip.time_to_live = headers.hop_limit;
    ip.next_proto_id = headers.protocol == kIcmpv6 ? uint8_t{kIcmp} : headers.protocol;
    ip.src_addr = ends.source.raw;
    ip.dst_addr = ends.destination.raw;
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    std::memcpy(at, &ip, sizeof ip);
}

/// The frame begins with the Ethernet header that stands before `packet` now.
void begin_ipv4_frame(rte_mbuf* mbuf, uint8_t* packet) {
    auto* frame = rte_pktmbuf_mtod(mbuf, uint8_t*);
    uint8_t* start = packet - kEtherBytes;
    std::memmove(start, frame, kMacsBytes);
    write_word(start + kMacsBytes, Be16::from_host(RTE_ETHER_TYPE_IPV4).raw);
    rte_pktmbuf_adj(mbuf, static_cast<uint16_t>(start - frame));
    mbuf->ol_flags = (mbuf->ol_flags & ~RTE_MBUF_F_RX_IP_CKSUM_MASK) | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/// Of a packet whose transport header is done.
void finish_ipv4(rte_mbuf* mbuf, const Headers& headers, const Ipv4Ends& ends) {
    uint8_t* ip = transport_of(mbuf, headers).data() - kIpv4Bytes;
    write_ipv4(ip, headers, ends, headers.transport_bytes);
    begin_ipv4_frame(mbuf, ip);
}

Sum addresses_of(const Headers& headers) {
    return Sum().add(headers.source).add(headers.destination);
}

/// Of a fragment its datagram's length is not known: it is left out, and to_ipv6() puts it back by
/// leaving it out as well.
Sum icmpv6_beside(const Headers& headers) {
    return pseudo_header(headers.source, headers.destination,
                         headers.is_whole() ? headers.transport_bytes : uint16_t{0}, kIcmpv6);
}

/// The transport header of a quote, as far as it is there; true where its kind is known to IPv4.
bool change_quoted(const Headers& quoted, std::span<uint8_t> transport, const Ipv4Ends& ends) {
    if (quoted.protocol != kIcmpv6) {
        change_checksum(quoted.protocol, transport, addresses_of(quoted),
                        Sum().add(ends.source).add(ends.destination));
        return true;
    }
    if (transport.size() < kIcmpBytes)
        return false;
    const IcmpHead head = read_head(transport.data());
    const auto other = to_icmp(head, false);
    if (is_icmpv6_error(head.type) || !other)
        return false;
    change_head(transport.data(), *other, icmpv6_beside(quoted), {});
    return true;
}

// ICMPv6 errors.
constexpr uint8_t kUnreachable = 1;
constexpr uint8_t kTimeExceeded = 3;
constexpr uint8_t kParameterProblem = 4;
/// An ICMP one, host unreachable.
constexpr IcmpHead kSomeError{3, 1, 0};

/// Of the quote, among `there` bytes behind an error's head. Extensions that follow where its
/// length is said (RFC 4884 §4.4 and §4.5) may name addresses inside, so they do not go on. Nothing
/// where the message ends before its quote.
std::optional<size_t> quote_bytes(const IcmpHead& head, size_t there) {
    constexpr size_t kUnit = 8;  // bytes, where ICMP has 4
    const size_t said = (head.rest >> 24) * kUnit;
    if (said == 0 || (head.type != kUnreachable && head.type != kTimeExceeded))
        return there;
    return said <= there ? std::optional(said) : std::nullopt;
}

/// The frame's outer and inner headers stand before what the quote says of its transport.
std::optional<Drop> error_to_ipv4(rte_mbuf* mbuf, const Headers& headers, const Ipv4Ends& ends,
                                  const Addresses& addresses) {
    const std::span<uint8_t> transport = transport_of(mbuf, headers);
    const IcmpHead head = read_head(transport.data());
    if (!has_sound_icmpv6(mbuf, headers))
        return Drop::TransportChecksum;
    const auto all = quote_bytes(head, headers.transport_bytes - kIcmpBytes);
    if (!all)
        return Drop::Ipv6Malformed;
    const std::span<uint8_t> quote =
        transport.subspan(kIcmpBytes).first(std::min(transport.size() - kIcmpBytes, *all));
    Headers quoted;
    if (read_headers(quote, quoted) || !quoted.is_first())
        return Drop::IcmpErrorQuote;
    auto icmp = to_icmp(head, quoted.is_fragment && !ends.stays_ipv6);
    if (!icmp && ends.stays_ipv6 && (head.type == kUnreachable || head.type == kParameterProblem))
        icmp = kSomeError;  // it leaves as what it came as
    if (!icmp)
        return Drop::Ipv6Untranslatable;
    const auto source = addresses.to_ipv4(quoted.source);
    const auto destination = addresses.to_ipv4(quoted.destination);
    const std::span<uint8_t> inner = quote.subspan(quoted.bytes);
    if (!source || !destination)
        return Drop::IcmpErrorQuote;
    const Ipv4Ends quoted_ends{*source, *destination, 0, ends.stays_ipv6};
    if (!change_quoted(quoted, inner, quoted_ends))
        return Drop::IcmpErrorQuote;

    const size_t rest = *all - quoted.bytes;
    uint8_t* inner_ip = inner.data() - kIpv4Bytes;
    uint8_t* outer_icmp = inner_ip - kIcmpBytes;
    write_ipv4(inner_ip, quoted, quoted_ends, quoted.transport_bytes);
    write_head(outer_icmp, *icmp);
    write_word(outer_icmp + 2, 0);
    uint8_t* outer_ip = outer_icmp - kIpv4Bytes;
    const size_t icmp_bytes = kIcmpBytes + kIpv4Bytes + rest;
    write_ipv4(outer_ip, headers, ends, icmp_bytes);
    begin_ipv4_frame(mbuf, outer_ip);
    uint16_t sum = 0;
    rte_raw_cksum_mbuf(mbuf, kEtherBytes + kIpv4Bytes, static_cast<uint32_t>(icmp_bytes), &sum);
    write_word(outer_icmp + 2, static_cast<uint16_t>(~sum));
    return std::nullopt;
}

std::optional<Drop> icmpv6_to_ipv4(rte_mbuf* mbuf, const Headers& headers, const Ipv4Ends& ends,
                                   const Addresses& addresses) {
    const std::span<uint8_t> transport = transport_of(mbuf, headers);
    if (!headers.is_whole() && !ends.stays_ipv6)
        return Drop::Ipv6Untranslatable;  // its checksum covers a length that is not known here
    if (!headers.is_first()) {
        finish_ipv4(mbuf, headers, ends);
        return std::nullopt;
    }
    if (transport.size() < kIcmpBytes || headers.transport_bytes < kIcmpBytes)
        return Drop::Ipv6Malformed;
    const IcmpHead head = read_head(transport.data());
    if (is_icmpv6_error(head.type))
        return headers.is_whole() ? error_to_ipv4(mbuf, headers, ends, addresses)
                                  : std::optional(Drop::Ipv6Untranslatable);
    const auto icmp = to_icmp(head, false);
    if (!icmp)
        return Drop::Ipv6Untranslatable;
    change_head(transport.data(), *icmp, icmpv6_beside(headers), {});
    finish_ipv4(mbuf, headers, ends);
    return std::nullopt;
}

}  // namespace

bool has_sound_icmpv6(const rte_mbuf* mbuf, const Headers& headers) {
    uint16_t sum = 0;
    if (rte_raw_cksum_mbuf(mbuf, static_cast<uint32_t>(kEtherBytes + headers.bytes),
                           headers.transport_bytes, &sum) != 0)
        return false;
    return icmpv6_beside(headers).add_raw(sum).folded() == 0xffff;
}

std::optional<Drop> to_ipv4(rte_mbuf* mbuf, const Headers& headers, const Ipv4Ends& ends,
                            const Addresses& addresses) {
    if (rte_pktmbuf_pkt_len(mbuf) < kEtherBytes + headers.bytes + headers.transport_bytes ||
        kIpv4Bytes + headers.transport_bytes > UINT16_MAX)
        return Drop::Ipv6Malformed;
    if (headers.protocol == kIcmpv6)
        return icmpv6_to_ipv4(mbuf, headers, ends, addresses);
    if (headers.protocol == kIcmp)
        return Drop::Ipv6Untranslatable;  // ICMP over IPv6 is none of both
    const std::span<uint8_t> transport = transport_of(mbuf, headers);
    const Sum to = Sum().add(ends.source).add(ends.destination);
    if (headers.is_first()) {
        // Over IPv6 a UDP checksum is never left out (RFC 8200 §8.1).
        if (headers.protocol == kUdp && transport.size() >= kIcmpBytes &&
            read_word(&transport[6]) == 0)
            return Drop::TransportChecksum;
        if (!change_checksum(headers.protocol, transport, addresses_of(headers), to))
            return Drop::Ipv6Malformed;
    }
    finish_ipv4(mbuf, headers, ends);
    return std::nullopt;
}

}  // namespace sluice::nat64
