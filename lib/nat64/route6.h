// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Route6: inside hosts that talk to IPv6 hosts outside with their own addresses, and are answered
/// by them alone.
///
/// Shape    Says which numbers stand for both ends of a packet; behind the edge it is then one of
///          IPv4 whose flow is not translated, and what meets no flow comes in as little as there.
///          An outside host, a peer, has a number from the first packet to it on: so who has none
///          has no flow. Routers outside, which tell of packets, have one number in common.
/// Threads  Immutable but for the numbers (nat64/numbers.h).
/// Errors   A drop reason.
/// Cost     A search of the prefixes, and of two numbers.
/// Source   RFC 6092 §2.2 and §3 (what is let in), RFC 4890 §4.3.

#include "nat64/addresses.h"
#include "nat64/headers.h"
#include "nat64/to_ipv4.h"

#include <optional>

struct rte_mbuf;

namespace sluice::nat64 {

class Route6 {
public:
    /// `addresses` outlive this object.
    explicit Route6(const Addresses& addresses) : addresses_(addresses) {}

    /// Says the ends of a packet from a host inside that is_routed(), which has none of the
    /// gateway's addresses there nor one behind the prefix of IPv4 as its destination. An ICMPv6
    /// error gives no peer a number.
    std::optional<stats::Drop> outward(const Headers& headers, bool is_error, Tick now,
                                       Ipv4Ends& ends) const;
    /// Likewise from outside, of a source that may be there, to a host that is_routed().
    std::optional<stats::Drop> inward(const Headers& headers, bool is_error, Ipv4Ends& ends) const;
    /// Of IPv4 ends: such a packet may leave outside as IPv6.
    bool may_leave(Be32 source, Be32 destination) const;

    /// Notes beside the packet, as it came, what it is to have again when it leaves.
    static void keep(rte_mbuf* mbuf, const Headers& headers, bool is_error, const Ipv4Ends& ends);

private:
    const Addresses& addresses_;
};

}  // namespace sluice::nat64
