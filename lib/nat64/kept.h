// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Kept: what IPv4 has no word for of a packet that comes as IPv6 and leaves as IPv6, beside it in
/// the private area of its mbuf.
///
/// Shape    Behind what threads tell each other there (link/note.h). An mbuf that the gateway makes
///          has what another packet has left: so all is of one pair of addresses, and held against
///          those of the packet.
/// Threads  Belongs to who holds the mbuf.

#include "base/big_endian.h"
#include "nat64/icmp_types.h"
#include "net/ipv6.h"

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>

namespace sluice::nat64 {

struct Kept {
    Be32 source;                  ///< Of the packet that this is of, as IPv4.
    Be32 destination;             ///< Likewise.
    Be32 first_word;              ///< The IPv6 header's: the flow label is its last 20 bits.
    uint32_t identification = 0;  ///< Of a fragment, in host order.
    net::Ipv6Address sender;      ///< Its source as IPv6.
    IcmpHead error;               ///< Of an ICMPv6 error: its own.
};

inline constexpr size_t kKeptAt = 24;  ///< Bytes into the private area.
/// Its bytes of an mbuf; each packet pool gives as many (link::kNoteBytes).
inline constexpr size_t kKeptEnd = kKeptAt + sizeof(Kept);

inline Kept& kept_of(rte_mbuf* mbuf) {
    return *reinterpret_cast<Kept*>(static_cast<uint8_t*>(rte_mbuf_to_priv(mbuf)) + kKeptAt);
}

}  // namespace sluice::nat64
