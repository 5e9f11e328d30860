// SPDX-License-Identifier: BSD-3-Clause
#include "why/ipv6_packet.h"

#include "nat64/discovery.h"
#include "nat64/transport.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <rte_tcp.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sluice::why {
namespace {

constexpr size_t kPortsBytes = 4;
constexpr size_t kIdentifierAt = 4;  // of an echo

Be16 be16_at(std::span<const uint8_t> bytes, size_t at) {
    Be16 value;
    std::memcpy(&value.raw, &bytes[at], sizeof value.raw);
    return value;
}

void read_transport(std::span<const uint8_t> bytes, Ipv6Packet& packet) {
    const auto protocol = net::Protocol{packet.headers.protocol};
    constexpr size_t kFlagsAt = offsetof(rte_tcp_hdr, tcp_flags);
    if (net::has_ports(protocol) && bytes.size() >= kPortsBytes) {
        packet.source_port = be16_at(bytes, 0);
        packet.destination_port = be16_at(bytes, sizeof(uint16_t));
        if (protocol == net::Protocol::Tcp && bytes.size() > kFlagsAt)
            packet.tcp_flags = bytes[kFlagsAt];
        packet.has_transport = true;
    } else if (packet.headers.protocol == nat64::kIcmpv6 && bytes.size() >= nat64::kIcmpBytes) {
        packet.icmp_type = bytes[0];
        packet.identifier = be16_at(bytes, kIdentifierAt);
        packet.has_transport = true;
    }
}

}  // namespace

std::optional<Ipv6Packet> read_ipv6(std::span<const uint8_t> frame) {
    Ipv6Packet packet;
    const auto bytes = frame.subspan(std::min(nat64::kEtherBytes, frame.size()));
    const auto reason = nat64::read_headers(bytes, packet.headers);
    if (reason && *reason != stats::Drop::Ipv6Untranslatable)
        return std::nullopt;
    if (packet.headers.is_first())
        read_transport(bytes.subspan(std::min<size_t>(packet.headers.bytes, bytes.size())), packet);
    return packet;
}

bool is_discovery(const Ipv6Packet& packet) {
    return packet.has_transport && packet.headers.protocol == nat64::kIcmpv6 &&
           nat64::Discovery::is_discovery(packet.icmp_type);
}

}  // namespace sluice::why
