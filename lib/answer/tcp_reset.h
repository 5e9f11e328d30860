// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The RST with which a host without a connection answers a segment.
///
/// Source   RFC 9293 §3.10.7.1 (state CLOSED): no RST answers a RST.

#include "net/packet.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::answer {

inline constexpr size_t kTcpResetBytes = 40;  ///< Of the IP packet.

/// Writes an IPv4 packet with the RST that answers the TCP segment in `packet` (unchanged since it
/// arrived, and itself no RST), in the name of the segment's destination. `out` holds
/// kTcpResetBytes.
void write_tcp_reset(std::span<uint8_t> out, const net::Packet& packet);

}  // namespace sluice::answer
