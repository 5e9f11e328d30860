// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Outbox: what the control core has workers send, since only workers touch ports.
///
/// Threads  The control core's.
/// Memory   ARP frames come from the packet pool that it is given.
/// Errors   A packet for a ring that is full is dropped as ReleaseFull. Without an mbuf an ARP
///          frame is not made; who needs it asks again.

#include "link/next_hops.h"
#include "link/ring.h"
#include "net/arp.h"
#include "observe/tap.h"
#include "stats/counters.h"

#include <span>
#include <vector>

struct rte_mbuf;
struct rte_mempool;

namespace sluice::control {

inline constexpr net::MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

class Outbox {
public:
    /// `release` holds the ring to each worker. Packets of `pool` have room for a link::Note.
    Outbox(std::vector<link::Ring*> release, rte_mempool* pool, stats::Counters& counters);

    /// Has `worker` send the packet to the next hop that its note names.
    void release(unsigned worker, rte_mbuf* mbuf) { put(worker, mbuf); }
    /// Makes an ARP frame and has `worker` send it out on `interface`.
    void send_arp(unsigned worker, link::InterfaceId interface, const net::MacAddress& destination,
                  const net::Arp& arp);
    /// Has `worker` send a whole frame, which is not the gateway's own making, out on `interface`.
    void send(unsigned worker, link::InterfaceId interface, rte_mbuf* mbuf);
    void drop(rte_mbuf* mbuf, stats::Drop reason);
    /// Who is told of drops, in this turn; null for nobody.
    void show(observe::Tap* tap) { tap_ = tap; }

private:
    void put(unsigned worker, rte_mbuf* mbuf);

    std::vector<link::Ring*> release_;
    rte_mempool* pool_;
    stats::Counters& counters_;
    observe::Tap* tap_ = nullptr;
};

}  // namespace sluice::control
