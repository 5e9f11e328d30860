// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Cutter: sends packets along a path, those that are too big for its MTU in pieces.
///
/// Shape    A packet is cut into copies, so that neither the ports nor who holds a packet need know
///          of shared buffers. One packet received becomes several sent: all but one count as
///          originated. What is cut may itself be a fragment.
/// Threads  Owned by one worker.
/// Errors   What has no mbufs for its pieces is dropped as SplitFailed; UDP without the checksum
///          that IPv6 wants as Ipv6NoChecksum, where none is made.
/// Source   RFC 791 §2.3, §3.2.

#include "fragment/pieces.h"
#include "link/egress.h"
#include "link/interfaces.h"
#include "link/path.h"
#include "nat64/edge.h"
#include "stats/counters.h"

#include <array>
#include <span>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::fragment {

class Cutter {
public:
    /// All of it outlives this object. Pieces come from `packets`; what becomes IPv6 does so at
    /// `ipv6`, null where nothing does.
    Cutter(link::Egress& egress, stats::Counters& counters, rte_mempool* packets,
           const nat64::Edge* ipv6)
        : egress_(egress), counters_(counters), packets_(packets), ipv6_(ipv6) {}

    /// The packet does not say "don't fragment", or fits.
    void send(rte_mbuf* mbuf, link::Path& path);
    /// Likewise a frame that is complete but for its tag.
    void send(rte_mbuf* mbuf, link::InterfaceId interface);

private:
    std::span<rte_mbuf*> cut(rte_mbuf* mbuf, link::InterfaceId interface);
    bool is_too_big(const rte_mbuf* mbuf, link::InterfaceId interface) const;

    link::Egress& egress_;
    stats::Counters& counters_;
    rte_mempool* packets_;
    const nat64::Edge* ipv6_;
    std::array<rte_mbuf*, kMostPieces> pieces_{};  // of the packet in hand
};

}  // namespace sluice::fragment
