// SPDX-License-Identifier: BSD-3-Clause
#include "net/quote.h"

#include "net/icmp.h"

#include <rte_icmp.h>
#include <rte_ip.h>

#include <cstring>

namespace sluice::net {
namespace {

using stats::Drop;

constexpr size_t kLeastBytes = 8;  // RFC 792

Be16 load16(const uint8_t* from) {
    uint16_t raw;
    std::memcpy(&raw, from, sizeof raw);
    return Be16{raw};
}

/// How many bytes behind the IP header say whose flow a packet belongs to, as Linux has it.
size_t bytes_needed(Protocol protocol) {
    const bool is_told_apart =
        has_ports(protocol) || protocol == Protocol::Icmp || protocol == Protocol::Gre;
    return is_told_apart ? kLeastBytes : 0;
}

/// What stands for ports in the tuple; false for ICMP that belongs to no flow.
bool read_ports(const uint8_t* transport, Tuple& tuple) {
    if (has_ports(tuple.protocol)) {
        tuple.source_port = load16(transport);
        tuple.destination_port = load16(transport + sizeof(uint16_t));
    }
    if (tuple.protocol != Protocol::Icmp)
        return true;
    const auto& icmp = *reinterpret_cast<const rte_icmp_hdr*>(transport);
    return set_icmp_ports(tuple, icmp.icmp_type, icmp.icmp_code, Be16{icmp.icmp_ident});
}

}  // namespace

std::optional<Drop> read_quote(const Packet& error, Quote& quote, Tuple& tuple) {
    uint8_t* const start = error.transport + sizeof(rte_icmp_hdr);
    const auto before = static_cast<size_t>(start - reinterpret_cast<uint8_t*>(error.ip));
    // Why `bytes` bytes of the quote cannot be read, if they cannot.
    const auto refuses = [&](size_t bytes) -> std::optional<Drop> {
        if (error.length < before + bytes)
            return Drop::IcmpErrorQuote;
        if (error.head_bytes < before + bytes)
            return Drop::SplitHeaders;
        return std::nullopt;
    };

    if (const auto reason = refuses(sizeof(rte_ipv4_hdr)))
        return reason;
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(start);
    const size_t header = (ip->version_ihl & 15u) * size_t{4};
    if (ip->version_ihl >> 4 != 4 || header < sizeof *ip)
        return Drop::IcmpErrorQuote;
    if ((Be16{ip->fragment_offset}.host() & RTE_IPV4_HDR_OFFSET_MASK) != 0)
        return Drop::IcmpErrorQuote;

    tuple = {Be32{ip->src_addr}, Be32{ip->dst_addr}, {}, {}, Protocol{ip->next_proto_id}};
    if (const auto reason = refuses(header + bytes_needed(tuple.protocol)))
        return reason;
    if (!read_ports(start + header, tuple))
        return Drop::IcmpErrorQuote;
    quote = {ip, start + header, static_cast<uint32_t>(error.head_bytes - before - header)};
    return std::nullopt;
}

}  // namespace sluice::net
