// SPDX-License-Identifier: BSD-3-Clause
#include "net/parse.h"

#include "net/header_options.h"
#include "net/quote.h"
#include "sctp/packet.h"

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include <algorithm>
#include <span>

namespace sluice::net {
namespace {

using stats::Drop;
using Verdict = std::optional<Drop>;

constexpr uint32_t kEtherBytes = sizeof(rte_ether_hdr);
constexpr uint32_t kIpBytes = sizeof(rte_ipv4_hdr);

/// Why the first segment does not hold `bytes`: the frame has not so many, or they lie further on.
Drop short_of(const rte_mbuf* mbuf, uint32_t bytes) {
    return mbuf->pkt_len < bytes ? Drop::Truncated : Drop::SplitHeaders;
}

uint32_t header_bytes(const rte_ipv4_hdr& ip) {
    return (ip.version_ihl & 15u) * 4u;
}

// IPv4 options: RFC 791 §3.1, RFC 1393 (traceroute).
constexpr uint8_t kRecordRoute = 7;
constexpr uint8_t kTimestamp = 68;
constexpr uint8_t kTraceroute = 82;
constexpr uint8_t kLooseSourceRoute = 131;
constexpr uint8_t kStrictSourceRoute = 137;

/// Source routes are refused, as Linux refuses them unless told otherwise. So are those in which
/// routers write down addresses: what routers inside have written would leave.
Verdict refuse_option(uint8_t type) {
    switch (type) {
        case kLooseSourceRoute:
        case kStrictSourceRoute:
            return Drop::IpSourceRoute;
        case kRecordRoute:
        case kTimestamp:
        case kTraceroute:
            return Drop::IpOptions;
        default:
            return std::nullopt;
    }
}

Verdict refuse_options(std::span<const uint8_t> options) {
    HeaderOptions all(options);
    for (auto option = all.next(); !option.empty(); option = all.next())
        if (const auto reason = refuse_option(option[0]))
            return reason;
    return all.is_broken() ? Verdict(Drop::IpOptions) : std::nullopt;
}

/// Checks the options of an IPv4 header of `header` bytes, all of which the frame has.
Verdict check_options(const rte_mbuf* mbuf, uint32_t header) {
    if (mbuf->data_len < kEtherBytes + header)
        return Drop::SplitHeaders;
    const auto* start = rte_pktmbuf_mtod_offset(mbuf, const uint8_t*, kEtherBytes + kIpBytes);
    return refuse_options({start, header - kIpBytes});
}

/// Checks the IPv4 header, of which kIpBytes are there.
Verdict check_ip(const rte_mbuf* mbuf, const rte_ipv4_hdr& ip) {
    if (ip.version_ihl >> 4 != 4)
        return Drop::IpVersion;
    const uint32_t header = header_bytes(ip);
    const unsigned length = Be16{ip.total_length}.host();
    if (header < kIpBytes)
        return Drop::IpHeaderLength;
    if (length < header)
        return Drop::IpLength;
    if (length > mbuf->pkt_len - kEtherBytes)
        return Drop::Truncated;
    if (header > kIpBytes)
        if (const Verdict reason = check_options(mbuf, header))
            return reason;
    if (ip.time_to_live == 0)
        return Drop::TtlZero;
    return std::nullopt;
}

/// What of the packet lies behind the IP header, and how much of that in the first segment.
struct Transport {
    uint8_t* start;
    uint32_t bytes;
    uint32_t head_bytes;
    bool is_whole = true;  // not a fragment

    /// Why a header of `size` bytes cannot be read here, if it cannot.
    Verdict refuses(uint32_t size) const {
        if (bytes < size)
            return is_whole ? Drop::TransportHeader : Drop::FragmentHeader;
        if (head_bytes < size)
            return Drop::SplitHeaders;
        return std::nullopt;
    }
};

Verdict parse_tcp(const Transport& transport, Packet& packet, Tuple& tuple) {
    if (const Verdict reason = transport.refuses(sizeof(rte_tcp_hdr)))
        return reason;
    const auto& tcp = *reinterpret_cast<const rte_tcp_hdr*>(transport.start);
    const uint32_t header = (tcp.data_off >> 4) * 4u;
    if (header < sizeof(rte_tcp_hdr))
        return Drop::TransportHeader;
    if (const Verdict reason = transport.refuses(header))
        return reason;
    packet.tcp_flags = tcp.tcp_flags;
    tuple.source_port = Be16{tcp.src_port};
    tuple.destination_port = Be16{tcp.dst_port};
    return std::nullopt;
}

Verdict parse_udp(const Transport& transport, Tuple& tuple) {
    if (const Verdict reason = transport.refuses(sizeof(rte_udp_hdr)))
        return reason;
    const auto& udp = *reinterpret_cast<const rte_udp_hdr*>(transport.start);
    const uint32_t length = Be16{udp.dgram_len}.host();
    if (length < sizeof(rte_udp_hdr) || (transport.is_whole && length > transport.bytes))
        return Drop::TransportHeader;
    tuple.source_port = Be16{udp.src_port};
    tuple.destination_port = Be16{udp.dst_port};
    return std::nullopt;
}

/// UDP-Lite has in place of UDP's length the number of bytes that the checksum covers; there is no
/// doing without one (RFC 3828 §3.1).
Verdict parse_udp_lite(const Transport& transport, Tuple& tuple) {
    if (const Verdict reason = transport.refuses(sizeof(rte_udp_hdr)))
        return reason;
    const auto& lite = *reinterpret_cast<const rte_udp_hdr*>(transport.start);
    const uint32_t coverage = Be16{lite.dgram_len}.host();
    const bool covers_header = coverage == 0 || coverage >= sizeof(rte_udp_hdr);
    if (!covers_header || (transport.is_whole && coverage > transport.bytes) ||
        lite.dgram_cksum == 0)
        return Drop::TransportHeader;
    tuple.source_port = Be16{lite.src_port};
    tuple.destination_port = Be16{lite.dst_port};
    return std::nullopt;
}

Verdict parse_sctp(const Transport& transport, Tuple& tuple) {
    if (const Verdict reason = transport.refuses(sctp::kHeaderBytes + sctp::kChunkHeaderBytes))
        return reason;
    if (!sctp::read({transport.start, transport.head_bytes}, transport.bytes))
        return Drop::TransportHeader;
    const auto& sctp = *reinterpret_cast<const rte_sctp_hdr*>(transport.start);
    tuple.source_port = Be16{sctp.src_port};
    tuple.destination_port = Be16{sctp.dst_port};
    return std::nullopt;
}

Verdict parse_icmp_error(uint8_t type, Packet& packet, Tuple& tuple) {
    if (type == kRedirect)
        return Drop::IcmpRedirect;
    Quote quote;
    if (const Verdict reason = read_quote(packet, quote, tuple))
        return reason;
    tuple = tuple.reversed();
    packet.icmp_type = type;
    packet.is_icmp_error = true;
    return std::nullopt;
}

Verdict parse_icmp(const Transport& transport, Packet& packet, Tuple& tuple) {
    if (const Verdict reason = transport.refuses(sizeof(rte_icmp_hdr)))
        return reason;
    const auto& icmp = *reinterpret_cast<const rte_icmp_hdr*>(transport.start);
    if (is_icmp_error(icmp.icmp_type))
        return parse_icmp_error(icmp.icmp_type, packet, tuple);
    if (!set_icmp_ports(tuple, icmp.icmp_type, icmp.icmp_code, Be16{icmp.icmp_ident}))
        return Drop::IcmpType;
    packet.icmp_type = icmp.icmp_type;
    return std::nullopt;
}

Verdict parse_transport(const Transport& transport, Packet& packet, Tuple& tuple) {
    switch (tuple.protocol) {
        case Protocol::Tcp:
            return parse_tcp(transport, packet, tuple);
        case Protocol::Udp:
            return parse_udp(transport, tuple);
        case Protocol::Icmp:
            return parse_icmp(transport, packet, tuple);
        case Protocol::Sctp:
            return parse_sctp(transport, tuple);
        case Protocol::UdpLite:
            return parse_udp_lite(transport, tuple);
        default:  // by its addresses alone, whatever it carries
            return std::nullopt;
    }
}

/// Of a fragment only the first has a transport header; that must be there whole, or a later one
/// could write it anew (RFC 1858 §3).
Verdict parse_fragment(Transport transport, Packet& packet, Tuple& tuple) {
    const unsigned field = Be16{packet.ip->fragment_offset}.host();
    const bool more = (field & RTE_IPV4_HDR_MF_FLAG) != 0;
    const uint32_t offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * RTE_IPV4_HDR_OFFSET_UNITS;
    if (transport.bytes == 0 || (more && transport.bytes % RTE_IPV4_HDR_OFFSET_UNITS != 0) ||
        offset + packet.length > UINT16_MAX)
        return Drop::FragmentInvalid;
    if (tuple.protocol == Protocol::Sctp)  // its checksum takes the whole to be written anew
        return Drop::FragmentUnsupported;
    if (offset != 0)
        return std::nullopt;

    transport.is_whole = false;
    if (tuple.protocol == Protocol::Icmp && transport.head_bytes != 0 &&
        is_icmp_error(*transport.start))
        return Drop::FragmentUnsupported;
    return parse_transport(transport, packet, tuple);
}

/// Shortens the mbuf to `bytes`, which are more than 0 and fewer than it has.
void trim(rte_mbuf* mbuf, uint32_t bytes) {
    mbuf->pkt_len = bytes;
    rte_mbuf* last = mbuf;
    uint16_t segments = 1;
    while (last->data_len < bytes) {
        bytes -= last->data_len;
        last = last->next;
        ++segments;
    }
    last->data_len = static_cast<uint16_t>(bytes);
    mbuf->nb_segs = segments;
    rte_mbuf* rest = last->next;
    last->next = nullptr;
    while (rest != nullptr) {
        rte_mbuf* next = rest->next;
        rte_pktmbuf_free_seg(rest);
        rest = next;
    }
}

/// True when it is part of a datagram.
bool is_fragment(const rte_ipv4_hdr& ip) {
    constexpr uint16_t kMask = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;
    return (ip.fragment_offset & Be16::from_host(kMask).raw) != 0;
}

/// The kind of packet that nearly all are: TCP or UDP, sound, without IP options, whole and in one
/// segment. Says and does what parse_any() would. False for any other packet, which is not touched.
[[gnu::always_inline]] inline bool parse_plain(rte_mbuf* mbuf, Packet& packet, Tuple& tuple) {
    constexpr uint8_t kPlainVersion = 0x45;  // IPv4, five words of header
    auto* ether = rte_pktmbuf_mtod(mbuf, rte_ether_hdr*);
    auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(ether + 1);
    auto* udp = reinterpret_cast<const rte_udp_hdr*>(&ip + 1);
    if (mbuf->data_len < kEtherBytes + kIpBytes + sizeof *udp || mbuf->pkt_len != mbuf->data_len ||
        ether->ether_type != Be16::from_host(RTE_ETHER_TYPE_IPV4).raw ||
        ip.version_ihl != kPlainVersion || is_fragment(ip) || ip.time_to_live == 0)
        return false;

    const uint32_t length = Be16{ip.total_length}.host();
    if (length > mbuf->data_len - kEtherBytes)
        return false;
    uint8_t flags = 0;
    if (ip.next_proto_id == static_cast<uint8_t>(Protocol::Udp)) {
        const uint32_t udp_length = Be16{udp->dgram_len}.host();
        if (udp_length < sizeof *udp || kIpBytes + udp_length > length)
            return false;
    } else if (ip.next_proto_id == static_cast<uint8_t>(Protocol::Tcp)) {
        const auto& tcp = *reinterpret_cast<const rte_tcp_hdr*>(&ip + 1);
        if (length < kIpBytes + sizeof tcp)
            return false;
        const uint32_t header = (tcp.data_off >> 4) * 4u;
        if (header < sizeof tcp || kIpBytes + header > length)
            return false;
        flags = tcp.tcp_flags;
    } else {
        return false;
    }

    // The ports stand first in both headers.
    const auto bytes = static_cast<uint16_t>(length);
    packet = {&ip, reinterpret_cast<uint8_t*>(&ip + 1), bytes, bytes, bytes, flags};
    tuple = {Be32{ip.src_addr}, Be32{ip.dst_addr}, Be16{udp->src_port}, Be16{udp->dst_port},
             Protocol{ip.next_proto_id}};
    mbuf->data_len = static_cast<uint16_t>(kEtherBytes + length);
    mbuf->pkt_len = kEtherBytes + length;
    return true;
}

/// Apart, so that what nearly all packets go through stays short.
[[gnu::noinline]] Verdict parse_any(rte_mbuf* mbuf, Packet& packet, Tuple& tuple) {
    if (mbuf->data_len < kEtherBytes)
        return short_of(mbuf, kEtherBytes);
    if (ether_type(mbuf) != RTE_ETHER_TYPE_IPV4)
        return Drop::NotIpv4;
    if (mbuf->data_len < kEtherBytes + kIpBytes)
        return short_of(mbuf, kEtherBytes + kIpBytes);

    auto* ip = rte_pktmbuf_mtod_offset(mbuf, rte_ipv4_hdr*, kEtherBytes);
    if (const Verdict reason = check_ip(mbuf, *ip))
        return reason;

    const uint32_t length = Be16{ip->total_length}.host();
    const uint32_t head_bytes = std::min(length, mbuf->data_len - kEtherBytes);
    const uint32_t header = header_bytes(*ip);
    packet = {ip, reinterpret_cast<uint8_t*>(ip) + header, static_cast<uint16_t>(length),
              static_cast<uint16_t>(head_bytes), static_cast<uint16_t>(length)};
    packet.is_fragment = is_fragment(*ip);
    tuple = {Be32{ip->src_addr}, Be32{ip->dst_addr}, {}, {}, Protocol{ip->next_proto_id}};
    const Transport transport{packet.transport, length - header, head_bytes - header};
    if (const Verdict reason = packet.is_fragment ? parse_fragment(transport, packet, tuple)
                                                  : parse_transport(transport, packet, tuple))
        return reason;

    if (mbuf->pkt_len > kEtherBytes + length)
        trim(mbuf, kEtherBytes + length);
    return std::nullopt;
}

}  // namespace

uint16_t ether_type(const rte_mbuf* mbuf) {
    if (mbuf->data_len < kEtherBytes)
        return 0;
    return Be16{rte_pktmbuf_mtod(mbuf, const rte_ether_hdr*)->ether_type}.host();
}

std::optional<Drop> parse(rte_mbuf* mbuf, Packet& packet, Tuple& tuple) {
    if (parse_plain(mbuf, packet, tuple))
        return std::nullopt;
    return parse_any(mbuf, packet, tuple);
}

}  // namespace sluice::net
