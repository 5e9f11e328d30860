// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// MSS clamp: the largest segment that the ends of a connection promise to take, made smaller, for
/// paths whose routers do not say that a packet is too big.
///
/// Shape    Only lowers. A SYN without the option means 536 bytes (RFC 9293 §3.7.1), which no clamp
///          is below, so none is ever put in.
/// Source   RFC 9293 §3.7.1, RFC 6691; xt_TCPMSS of Linux.

#include "net/packet.h"

#include <cstdint>

namespace sluice::nat {

inline constexpr uint16_t kDefaultMss = 536;
inline constexpr uint16_t kTcpIpBytes = 40;  ///< What an MTU is larger by than the MSS it allows.

/// Lowers the MSS option of a SYN or SYN/ACK to `most`; the TCP checksum follows. Returns whether
/// there was anything to lower.
bool clamp_mss(const net::Packet& packet, uint16_t most);

}  // namespace sluice::nat
