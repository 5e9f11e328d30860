// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Note: what one thread tells the next about a packet, in the private area of its mbuf.
///
/// Shape    Every packet pool is made with kNoteBytes of private area.
/// Threads  Belongs to who holds the mbuf; rings hand it over.

#include "base/big_endian.h"
#include "link/interfaces.h"

#include <rte_mbuf.h>

#include <cstdint>

namespace sluice::link {

/// Why a worker hands a packet to the control core.
enum class Punt : uint8_t {
    None,
    Arp,         ///< An ARP frame, whole.
    Unresolved,  ///< Translated and ready, but `next_hop` on the interface `to` has no MAC yet.
    Source,  ///< To be dropped: its sender `next_hop`, on the interface `from`, is to be asked for.
    Local,   ///< For the gateway's kernel, by the twin of the interface `from`; whole.
};

struct Note {
    InterfaceId from = kNoInterface;  ///< That it came in by.
    bool for_flow =
        false;  ///< From another worker: to who owns its flow, and not for its datagram.
    Punt punt = Punt::None;
    InterfaceId to = kNoInterface;  ///< That it leaves by.
    bool complete = false;  ///< From the control core: has its Ethernet header, send it as it is.
    Be32 next_hop{};
};

inline constexpr uint16_t kNoteBytes = 64;
static_assert(sizeof(Note) <= kNoteBytes);

inline Note& note_of(rte_mbuf* mbuf) {
    return *static_cast<Note*>(rte_mbuf_to_priv(mbuf));
}

}  // namespace sluice::link
