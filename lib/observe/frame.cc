// SPDX-License-Identifier: BSD-3-Clause
#include "observe/frame.h"

#include "nat64/discovery.h"
#include "nat64/headers.h"
#include "nat64/icmp_types.h"
#include "net/icmp.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include <algorithm>
#include <cstring>

namespace sluice::observe {
namespace {

constexpr size_t kTagBytes = 4;       // 802.1Q
constexpr size_t kPortsBytes = 4;     // TCP, UDP and their like
constexpr size_t kIdentifierEnd = 6;  // of ICMP

Be16 be16_at(std::span<const uint8_t> bytes, size_t at) {
    Be16 value;
    std::memcpy(&value.raw, &bytes[at], sizeof value.raw);
    return value;
}

/// Where the IPv4 header begins, behind tags if there are any.
std::optional<size_t> ip_offset(std::span<const uint8_t> frame) {
    size_t type = offsetof(rte_ether_hdr, ether_type);
    while (frame.size() >= type + sizeof(uint16_t)) {
        const uint16_t value = be16_at(frame, type).host();
        type += value == RTE_ETHER_TYPE_VLAN || value == RTE_ETHER_TYPE_QINQ ? kTagBytes : 0;
        if (value == RTE_ETHER_TYPE_IPV4)
            return type + sizeof(uint16_t);
        if (value != RTE_ETHER_TYPE_VLAN && value != RTE_ETHER_TYPE_QINQ)
            break;
    }
    return std::nullopt;
}

struct Ipv4 {
    rte_ipv4_hdr ip;
    std::span<const uint8_t> transport;  // empty of a later fragment
};

std::optional<Ipv4> read(std::span<const uint8_t> frame) {
    const auto at = ip_offset(frame);
    if (!at || frame.size() < *at + sizeof(rte_ipv4_hdr))
        return std::nullopt;
    Ipv4 packet;
    std::memcpy(&packet.ip, &frame[*at], sizeof packet.ip);
    const size_t header = size_t{packet.ip.version_ihl & 15u} * 4;
    const Be16 fragment{packet.ip.fragment_offset};
    const bool is_later = (fragment.host() & RTE_IPV4_HDR_OFFSET_MASK) != 0;
    if (!is_later && header >= sizeof packet.ip && frame.size() > *at + header)
        packet.transport = frame.subspan(*at + header);
    return packet;
}

void read_ports(std::span<const uint8_t> transport, net::Tuple& tuple) {
    if (net::has_ports(tuple.protocol) && transport.size() >= kPortsBytes) {
        tuple.source_port = be16_at(transport, 0);
        tuple.destination_port = be16_at(transport, sizeof(uint16_t));
    } else if (tuple.protocol == net::Protocol::Icmp && transport.size() >= kIdentifierEnd) {
        net::set_icmp_ports(tuple, transport[0], transport[1], be16_at(transport, 4));
    }
}

bool is_ipv6(std::span<const uint8_t> frame) {
    constexpr size_t kType = offsetof(rte_ether_hdr, ether_type);
    constexpr size_t kLeast = nat64::kEtherBytes + nat64::kIpv6Bytes;
    return frame.size() >= kLeast && be16_at(frame, kType).host() == RTE_ETHER_TYPE_IPV6 &&
           frame[nat64::kEtherBytes] >> 4 == 6;
}

/// What stands for an address, be it a host's or one behind the prefix.
std::optional<Be32> inside(const net::Ipv6Address& address, const nat64::Naming& naming) {
    const auto known = naming.destination(address);
    return known ? known : naming.source(address);
}

}  // namespace

uint32_t copy_frame(const rte_mbuf* mbuf, uint32_t skipped, std::span<uint8_t> out) {
    uint32_t copied = 0;
    for (; mbuf != nullptr && copied < out.size(); mbuf = mbuf->next) {
        const uint32_t from = std::min<uint32_t>(mbuf->data_len, skipped);
        const uint32_t bytes =
            std::min(mbuf->data_len - from, static_cast<uint32_t>(out.size()) - copied);
        std::memcpy(&out[copied], rte_pktmbuf_mtod(mbuf, const uint8_t*) + from, bytes);
        skipped -= from;
        copied += bytes;
    }
    return copied;
}

std::optional<net::Tuple> tuple_of(std::span<const uint8_t> frame) {
    const auto packet = read(frame);
    if (!packet)
        return std::nullopt;
    net::Tuple tuple;
    tuple.source.raw = packet->ip.src_addr;
    tuple.destination.raw = packet->ip.dst_addr;
    tuple.protocol = net::Protocol{packet->ip.next_proto_id};
    read_ports(packet->transport, tuple);
    return tuple;
}

std::optional<Ipv6Seen> read_ipv6(std::span<const uint8_t> frame) {
    nat64::Headers headers;
    if (!is_ipv6(frame))
        return std::nullopt;
    const bool is_sound = !nat64::read_headers(frame.subspan(nat64::kEtherBytes), headers);
    Ipv6Seen seen{.ends = {headers.source, headers.destination}, .rest = {}};
    seen.rest.protocol = net::Protocol{headers.protocol};
    const bool is_icmp = headers.protocol == nat64::kIcmpv6;
    if (is_icmp)
        seen.rest.protocol = net::Protocol::Icmp;
    if (!is_sound || !headers.is_first())
        return seen;
    const auto transport =
        frame.subspan(std::min(frame.size(), nat64::kEtherBytes + headers.bytes));
    if (!is_icmp) {
        read_ports(transport, seen.rest);
        return seen;
    }
    if (transport.empty())
        return seen;
    seen.is_discovery = nat64::Discovery::is_discovery(transport[0]);
    const auto head = nat64::to_icmp({transport[0], 0}, headers.is_fragment);
    if (head && transport.size() >= kIdentifierEnd)
        net::set_icmp_ports(seen.rest, head->type, head->code, be16_at(transport, 4));
    return seen;
}

std::optional<net::Tuple> tuple_of_ipv6(std::span<const uint8_t> frame,
                                        const nat64::Naming& naming) {
    if (!naming.is_on())
        return std::nullopt;
    const auto seen = read_ipv6(frame);
    if (!seen || seen->is_discovery)
        return std::nullopt;
    const auto source = inside(seen->ends.source, naming);
    const auto destination = inside(seen->ends.destination, naming);
    if (!source || !destination)
        return std::nullopt;
    net::Tuple tuple = seen->rest;
    tuple.source = *source;
    tuple.destination = *destination;
    return tuple;
}

uint32_t datagram_bytes(std::span<const uint8_t> frame) {
    if (const auto packet = read(frame))
        return Be16{packet->ip.total_length}.host();
    if (!is_ipv6(frame))
        return 0;
    constexpr size_t kLengthAt = nat64::kEtherBytes + offsetof(rte_ipv6_hdr, payload_len);
    return static_cast<uint32_t>(nat64::kIpv6Bytes) + be16_at(frame, kLengthAt).host();
}

std::optional<uint8_t> tcp_flags_of(std::span<const uint8_t> frame) {
    constexpr size_t kFlags = offsetof(rte_tcp_hdr, tcp_flags);
    net::Protocol protocol{};
    std::span<const uint8_t> transport;
    if (const auto packet = read(frame)) {
        protocol = net::Protocol{packet->ip.next_proto_id};
        transport = packet->transport;
    } else if (is_ipv6(frame)) {
        nat64::Headers headers;
        if (nat64::read_headers(frame.subspan(nat64::kEtherBytes), headers) || !headers.is_first())
            return std::nullopt;
        protocol = net::Protocol{headers.protocol};
        transport = frame.subspan(std::min(frame.size(), nat64::kEtherBytes + headers.bytes));
    }
    if (protocol != net::Protocol::Tcp || transport.size() <= kFlags)
        return std::nullopt;
    return transport[kFlags];
}

}  // namespace sluice::observe
