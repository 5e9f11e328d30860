// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// From IPv6 to IPv4: rewrites a frame in its mbuf.
///
/// Threads  Pure functions of the mbuf and the addresses.
/// Errors   A drop reason; the frame is then no longer sound.
/// Cost     The first segment's headers; of ICMPv6 errors all bytes, for their checksum covers new
///          ones.
/// Source   RFC 7915 §5. No router is passed here: the hop limit becomes the TTL as it is.

#include "nat64/addresses.h"
#include "nat64/headers.h"

#include <cstddef>
#include <cstdint>
#include <optional>

struct rte_mbuf;

namespace sluice::nat64 {

/// What is no larger may be cut on its way, for no IPv6 path has a smaller MTU (RFC 7915 §5.1).
inline constexpr size_t kMayBeCut = 1260;

struct Ipv4Ends {
    Be32 source;
    Be32 destination;
    uint16_t identification = 0;  ///< Of a packet that has none of its own, and may be cut.
    /// It is IPv6 again when it leaves (--route6): so it is never cut, MTUs that are told of it are
    /// of IPv6 packets, and of ICMPv6 fragments pass, too.
    bool stays_ipv6 = false;
};

/// `headers` are those of the frame.
std::optional<stats::Drop> to_ipv4(rte_mbuf* mbuf, const Headers& headers, const Ipv4Ends& ends,
                                   const Addresses& addresses);

/// The checksum of an ICMPv6 message, which lies behind `headers`, is right.
bool has_sound_icmpv6(const rte_mbuf* mbuf, const Headers& headers);

}  // namespace sluice::nat64
