// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// ICMPv6 answers: what the gateway itself says about an IPv6 packet that stays IPv6: errors, and
/// replies to pings.
///
/// Threads  Pure functions of packets.
/// Errors   False where an mbuf has no room, or where nothing may be said.
/// Source   RFC 4443 §2.4 (whom an error may be sent to, and how much it quotes), §3.1 to §3.3,
///          §4.2.

#include "nat64/headers.h"
#include "net/ipv6.h"

#include <cstddef>
#include <cstdint>

struct rte_mbuf;

namespace sluice::nat64 {

struct Icmpv6Error {
    uint8_t type;
    uint8_t code;
    uint32_t rest = 0;  ///< In host order.
};

inline constexpr Icmpv6Error kNoRouteThere{1, 0};
inline constexpr Icmpv6Error kAddressUnreachable{1, 3};
inline constexpr Icmpv6Error kHopLimitExceeded{3, 0};
constexpr Icmpv6Error packet_too_big(size_t mtu) {
    return {2, 0, static_cast<uint32_t>(mtu)};
}

/// Of a packet with these headers, to one address from one.
bool may_answer_with_error(const rte_mbuf* mbuf, const Headers& headers);

/// Appends to `answer`, which is empty, a frame back to the neighbour that `about` came from.
bool write_icmpv6_error(rte_mbuf* answer, const Icmpv6Error& error, const net::Ipv6Address& source,
                        const rte_mbuf* about, const Headers& headers);

/// A ping to the gateway becomes its reply, and goes back to the neighbour that it came from. False
/// for anything else.
bool turn_ping(rte_mbuf* mbuf, const Headers& headers);

}  // namespace sluice::nat64
