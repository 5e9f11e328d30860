// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Packet: where the headers of a received IPv4 packet lie, once parse() has found them sound.
///
/// Shape    Pointers into the mbuf's first segment; all headers named here lie in it whole.
/// Threads  Owned by the worker that holds the mbuf.

#include <cstdint>

struct rte_ipv4_hdr;

namespace sluice::net {

struct Packet {
    rte_ipv4_hdr* ip = nullptr;
    uint8_t* transport = nullptr;  ///< What follows the IPv4 header.
    uint16_t length = 0;           ///< IP total length in bytes, header included.
    uint16_t head_bytes = 0;       ///< Of these, how many lie in the first segment.
    uint16_t datagram = 0;         ///< As `length`; of a fragment's whole datagram, where known.
    uint8_t tcp_flags = 0;         ///< As in the header; 0 for other protocols.
    uint8_t icmp_type = 0;         ///< 0 for other protocols, and for an echo reply.
    bool is_fragment = false;      ///< Then `length` and the tuple are the fragment's own: a later
                                   ///< one's tuple has no ports.
    bool is_icmp_error = false;    ///< Its tuple is its quote's, reversed (net/quote.h).
};

/// The IP header's length, options included.
inline uint32_t ip_header_bytes(const Packet& packet) {
    return static_cast<uint32_t>(packet.transport - reinterpret_cast<const uint8_t*>(packet.ip));
}

}  // namespace sluice::net
