// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Segments that the gateway sends in the name of another's destination: the RST with which a host
/// without a connection answers, and the ACK with which one that has it asks back about a RST.
///
/// Source   RFC 9293 §3.10.7.1 (state CLOSED): no RST answers a RST. RFC 5961 §3.2 (challenge ACK).

#include "net/packet.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::answer {

inline constexpr size_t kTcpAnswerBytes = 40;  ///< Of the IP packet.

/// Writes an IPv4 packet with the RST that answers the TCP segment in `packet` (unchanged since it
/// arrived, and itself no RST), in the name of the segment's destination. `out` holds
/// kTcpAnswerBytes.
void write_tcp_reset(std::span<uint8_t> out, const net::Packet& packet);

/// Where the end that asks back stands.
struct Challenge {
    uint32_t seq = 0;     ///< Of the byte that it sends next.
    uint32_t ack = 0;     ///< Of the byte that it waits for.
    uint16_t window = 0;  ///< As in the header.
};
/// Likewise the ACK that asks the sender of a RST back. It has no timestamp: of those that a
/// connection has the gateway knows none, and whoever has really closed it looks at the number
/// alone.
void write_tcp_challenge(std::span<uint8_t> out, const net::Packet& packet,
                         const Challenge& challenge);

}  // namespace sluice::answer
