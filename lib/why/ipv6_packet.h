// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// IPv6 packet: what is told of one that came as IPv6, and of its way where it stays that.
///
/// Shape    Plain values. Behind the edge a packet of NAT64 is IPv4, and told of as any other.

#include "nat64/crossing.h"
#include "nat64/headers.h"
#include "nat64/nptv6.h"
#include "net/ipv6.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sluice::why {

/// As it stands on the wire.
struct Ipv6Packet {
    nat64::Headers headers;
    Be16 source_port;  ///< Of protocols that have ports.
    Be16 destination_port;
    Be16 identifier;  ///< Of an ICMPv6 echo.
    uint8_t tcp_flags = 0;
    uint8_t icmp_type = 0;
    bool has_transport = false;  ///< The fields above are known.

    size_t bytes() const { return size_t{headers.bytes} + headers.transport_bytes; }
};

/// Of a frame without tags; nothing for what is no sound IPv6 packet.
std::optional<Ipv6Packet> read_ipv6(std::span<const uint8_t> frame);

/// Of neighbours or routers.
bool is_discovery(const Ipv6Packet& packet);

/// The way of a packet that stays IPv6, as far as it has been decided.
struct Crossed {
    nat64::Way way = {};
    std::optional<nat64::PrefixPair> outward = {};  ///< By which its source is mapped.
    std::optional<nat64::PrefixPair> inward = {};   ///< By which its destination is.
    net::Ipv6Address next_hop = {};                 ///< Of one that has an exit.
    bool is_unheard = false;  ///< Its host inside has sent nothing for long, or never.
};

}  // namespace sluice::why
