// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Quote: the packet that an ICMP error is about, as far as the error repeats it.
///
/// Shape    A view into the error. Its IP header may have options; of what lies behind it only the
///          part is there that says whose flow it is, 8 bytes at least of what has ports, of
///          ICMP and of GRE, as Linux wants.
/// Errors   Routers and hosts alter what they quote (TTL, checksums, even the length), so nothing
///          is checked that is not needed to find the flow.
/// Source   RFC 792; RFC 5508 §4 (REQ-3 to REQ-5); nf_conntrack_inet_error() of Linux.

#include "net/packet.h"
#include "net/tuple.h"
#include "stats/drop.h"

#include <cstdint>
#include <optional>

struct rte_ipv4_hdr;

namespace sluice::net {

struct Quote {
    rte_ipv4_hdr* ip = nullptr;
    uint8_t* transport = nullptr;  ///< What lies behind the quoted IP header.
    uint32_t transport_bytes = 0;  ///< How much of that is there, in the first segment.
};

/// Finds the packet that an ICMP error quotes, and its tuple. Protocols without ports make a tuple
/// without. Fails for IcmpErrorQuote: too little is quoted, or it is a later fragment, an error
/// itself, or no IPv4 packet; and for SplitHeaders.
std::optional<stats::Drop> read_quote(const Packet& error, Quote& quote, Tuple& tuple);

}  // namespace sluice::net
