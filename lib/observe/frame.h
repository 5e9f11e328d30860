// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Frame: what is read of an mbuf for whoever watches.
///
/// Errors   Nothing is asked of the frame: one that parse() refuses is read as far as it goes.

#include "nat64/naming.h"
#include "net/tuple.h"
#include "observe/packet_entry.h"

#include <cstdint>
#include <optional>
#include <span>

struct rte_mbuf;

namespace sluice::observe {

/// Copies a frame, over all its segments, from byte `skipped` on. Returns how many bytes that were.
uint32_t copy_frame(const rte_mbuf* mbuf, uint32_t skipped, std::span<uint8_t> out);

/// The tuple of an IPv4 packet, from the beginning of its frame. Addresses and protocol alone where
/// there are no ports: of a later fragment, or of an ICMP error. Nothing for other frames.
std::optional<net::Tuple> tuple_of(std::span<const uint8_t> frame);

/// Likewise of an IPv6 packet, with what stands for its addresses inside; nothing where nothing
/// does, and of neighbour discovery, as of ARP.
std::optional<net::Tuple> tuple_of_ipv6(std::span<const uint8_t> frame,
                                        const nat64::Naming& naming);

/// An IPv6 packet by its own addresses.
struct Ipv6Seen {
    Ipv6Ends ends;
    net::Tuple rest;            ///< Protocol and ports alone; ICMPv6 is told as ICMP.
    bool is_discovery = false;  ///< Of neighbours or routers.
};

/// Nothing for other frames. Ports are known of what has sound headers, as far as the frame goes.
std::optional<Ipv6Seen> read_ipv6(std::span<const uint8_t> frame);

/// Of the IP datagram in a frame, as its header says; 0 for other frames.
uint32_t datagram_bytes(std::span<const uint8_t> frame);

/// The flags of a TCP segment's header; nothing for other frames.
std::optional<uint8_t> tcp_flags_of(std::span<const uint8_t> frame);

}  // namespace sluice::observe
